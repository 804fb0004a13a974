/** Members that are connected right now, and the keys that each session was given. */
import type { Decoded } from "@tillway/iso8583";
import type { KeyBlock } from "@tillway/keys";
import {
  createPending,
  type Clock,
  type Connection,
  type MacKey,
  type Pending,
} from "@tillway/link";
import type { Member } from "./store.ts";

/** One connection of a member, from its arrival to its end. */
export type Session = {
  readonly connection: Connection;
  readonly replies: Pending<Decoded>;
  /** Set by sign-on. */
  member: Member | undefined;
  /** PIN key of this session. */
  zpk: KeyBlock | undefined;
  /** MAC keys: the present one first, then the one before for what is still in flight. */
  zaks: readonly MacKey[];
  /** The member has sent something with a valid MAC: it holds the ZMK. */
  proven: boolean;
};

export type Sessions = {
  readonly open: (connection: Connection) => Session;
  readonly close: (session: Session) => void;
  /** The newest session of a member that can take requests; undefined where it is not reachable. */
  readonly reachable: (institution: string) => Session | undefined;
  readonly all: () => readonly Session[];
};

/** No sessions yet. */
export function createSessions(clock: Clock): Sessions {
  const sessions: Session[] = [];
  return {
    open: (connection) => {
      const session: Session = {
        connection,
        replies: createPending(clock),
        member: undefined,
        zpk: undefined,
        zaks: [],
        proven: false,
      };
      sessions.push(session);
      return session;
    },
    close: (session) => {
      const at = sessions.indexOf(session);
      if (at >= 0) sessions.splice(at, 1);
      session.replies.abandon();
    },
    reachable: (institution) =>
      sessions.findLast(
        (one) =>
          one.member?.institution === institution &&
          one.proven &&
          one.zpk !== undefined &&
          one.zaks.length > 0,
      ),
    all: () => [...sessions],
  };
}
