/** An encoded request that is lent to the caller. */
export interface EncodedBody {
  /** The request. Its content stays as it is until {@link release}; do not touch it afterwards. */
  readonly bytes: Uint8Array;
  readonly pointCount: number;
  /** Gives the bytes back for reuse, when nobody reads them any more. More than once does no harm. */
  release(): void;
}
