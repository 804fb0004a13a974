/** Random bytes from the edge of the system. */
export type Random = (length: number) => Uint8Array;
