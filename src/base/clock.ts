/** Time as an argument: pure rooms read it through this port, so that a simulator can drive it. */
export interface Clock {
  /** Milliseconds since some fixed point; never goes back, does not count suspended time. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch; may jump. */
  wallMs(): number;
}
