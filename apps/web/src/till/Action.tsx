import type { ReactNode, Ref } from "react";

type Props = {
  readonly children: ReactNode;
  readonly onPress: () => void;
  /** Why it cannot be pressed now; it stays in its place and says so. */
  readonly reason?: string | undefined;
  readonly onReason?: ((reason: string) => void) | undefined;
  readonly primary?: boolean;
  readonly label?: string;
  readonly pressed?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
};

/** A button that is never hidden: without effect it says why, also to the keyboard. */
export function Action({
  children,
  onPress,
  reason,
  onReason,
  primary = false,
  label,
  pressed,
  ref,
}: Props) {
  return (
    <button
      ref={ref}
      type="button"
      className={primary ? "primary" : undefined}
      aria-disabled={reason !== undefined}
      aria-label={label}
      aria-pressed={pressed}
      aria-description={reason}
      title={reason}
      onClick={() => (reason === undefined ? onPress() : onReason?.(reason))}
    >
      {children}
    </button>
  );
}
