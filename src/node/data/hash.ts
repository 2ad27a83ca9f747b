/** (Skeleton: the body follows.) */
export declare class HashValue {
  readonly size: number;
}
