/**
 * What differs between Kubernetes clusters that tests run on: getting an image into the nodes, and breaking
 * nodes and links. Tests know only this interface; choose-driver.ts picks the driver of a run.
 */
export interface Node {
  readonly name: string;
  readonly zone: string;
}

/** The control plane, as the other end of a cut link. */
export const CONTROL = 'control';

export interface Driver {
  /** For messages. */
  readonly name: string;
  /** Builds the Dockerfile in `folder` and makes the image known to every node. */
  buildAndLoadImage(image: string, folder: string): Promise<void>;
  /** A power cut: nothing is told, nothing is flushed. */
  stopNode(node: string): Promise<void>;
  startNode(node: string): Promise<void>;
  /** Every process of the node stops as in a paused virtual machine, and goes on. */
  freezeNode(node: string): Promise<void>;
  thawNode(node: string): Promise<void>;
  /** No packet passes between the two. */
  cutLink(node: string, other: string): Promise<void>;
  /** Undoes every cut. */
  heal(): Promise<void>;
  /** Nodes that run pods. */
  nodes(): Promise<readonly Node[]>;
}
