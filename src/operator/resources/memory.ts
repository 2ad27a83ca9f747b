/**
 * How much a member gets and what it makes of it: container resources, maxmemory, the V8 heap, and
 * whether the volume holds it all.
 *
 * Invariants: the memory request is the memory limit (a database must not be the node's reserve);
 * maxmemory plus everything else stays below the limit; a volume holds two images and the log.
 */
import type { MemoryClusterSpec } from '#operator/api/memorycluster.ts';
import { formatBytes, parseQuantity } from '#operator/api/quantity.ts';

const MIB = 2 ** 20;

/** The process itself: code, V8, sockets. */
const FIXED_BYTES = 192 * MIB;
/** Log cache and client buffers: this, or a tenth of the limit where that is more. */
const BUFFER_BYTES = 64 * MIB;
const BUFFER_FRACTION = 0.1;
/** The part of the rest that keys and values may fill; fragmentation and the index take the other. */
const DATA_FRACTION = 0.75;
/** What the transaction log may take of a volume beside two images. */
export const LOG_BUDGET_BYTES = 512 * MIB;
/**
 * V8's young generation in a data member. What a turn makes (strings of replies, entries of the log) is garbage
 * when the turn is over: twice V8's own size halves how often it is looked through. Part of FIXED_BYTES.
 */
const SEMI_SPACE_MIB = 32;
/** The least memory limit of a data member: 32 MiB and more for data. */
export const LEAST_DATA_MEMORY_BYTES = 320 * MIB;
export const LEAST_LOG_MEMORY_BYTES = 128 * MIB;

/** A row of the table of node types: quantities. */
export interface NodeType {
  readonly cpu: string;
  readonly memory: string;
}

export type NodeTypes = Readonly<Record<string, NodeType>>;

/** As in core/v1; `limits.memory` and `requests.memory` are the same. */
export interface ContainerResources {
  readonly requests: { readonly cpu?: string; readonly memory: string };
  readonly limits: { readonly cpu?: string; readonly memory: string };
}

/** Why there are no resources: reasons of the condition Accepted. */
export interface ResourceRefusal {
  readonly refused: 'NodeTypeUnknown' | 'MemoryTooSmall';
  readonly message: string;
}

const DEFAULT_DATA: NodeType = { cpu: '100m', memory: '512Mi' };
const DEFAULT_LOG: NodeType = { cpu: '50m', memory: '192Mi' };

/** What a data member gets: `spec.resources`, else its node type, else 100m and 512Mi. */
export function dataResources(
  spec: Pick<MemoryClusterSpec, 'resources' | 'nodeType'>,
  nodeTypes: NodeTypes,
): ContainerResources | ResourceRefusal {
  const { nodeType } = spec;
  const given = spec.resources.limits.memory !== undefined;
  const row = Object.hasOwn(nodeTypes, nodeType) ? nodeTypes[nodeType] : undefined;
  if (!given && nodeType !== '' && row === undefined) {
    const known = Object.keys(nodeTypes).join(', ') || 'none';
    return { refused: 'NodeTypeUnknown', message: `nodeType ${nodeType} is not one of: ${known}` };
  }
  return checked(containerResources(spec.resources, row ?? DEFAULT_DATA), LEAST_DATA_MEMORY_BYTES);
}

/** What a log member gets: `spec.transactionLog.resources`, else 50m and 192Mi. */
export function logResources(
  spec: Pick<MemoryClusterSpec, 'transactionLog'>,
): ContainerResources | ResourceRefusal {
  const resources = containerResources(spec.transactionLog.resources, DEFAULT_LOG);
  return checked(resources, LEAST_LOG_MEMORY_BYTES);
}

function containerResources(
  { requests, limits }: MemoryClusterSpec['resources'],
  otherwise: NodeType,
): ContainerResources {
  const memory = limits.memory ?? otherwise.memory;
  const cpu = requests.cpu ?? limits.cpu ?? otherwise.cpu;
  return {
    requests: { cpu, memory },
    limits: limits.cpu === undefined ? { memory } : { cpu: limits.cpu, memory },
  };
}

function checked(
  resources: ContainerResources,
  least: number,
): ContainerResources | ResourceRefusal {
  const { memory } = resources.limits;
  if ((parseQuantity(memory) ?? 0) >= least) return resources;
  const message = `limits.memory ${memory} is less than ${formatBytes(least)}`;
  return { refused: 'MemoryTooSmall', message };
}

export interface MemoryPlan {
  readonly maxmemoryBytes: number;
  /** For `--max-old-space-size`. */
  readonly oldSpaceMib: number;
  /** False: the volume is too small for what the memory would hold, and maxmemory has been lowered. */
  readonly storageFits: boolean;
  /** The volume that the memory limit asks for. */
  readonly wantedStorageBytes: number;
}

/**
 * What a data member does with its memory limit.
 * @param storageBytes the smallest volume of a member, log members included
 */
export function planMemory(memoryLimitBytes: number, storageBytes: number): MemoryPlan {
  const buffers = Math.max(BUFFER_BYTES, memoryLimitBytes * BUFFER_FRACTION);
  const byMemory = wholeMib((memoryLimitBytes - FIXED_BYTES - buffers) * DATA_FRACTION);
  const wantedStorageBytes = 2 * byMemory + LOG_BUDGET_BYTES;
  const storageFits = storageBytes >= wantedStorageBytes;
  const logBytes = Math.min(LOG_BUDGET_BYTES, storageBytes / 2);
  const byStorage = wholeMib((storageBytes - logBytes) / 2);
  const maxmemoryBytes = storageFits ? byMemory : Math.min(byMemory, byStorage);
  return {
    maxmemoryBytes,
    oldSpaceMib: oldSpaceMib(maxmemoryBytes),
    storageFits,
    wantedStorageBytes,
  };
}

/** The smallest volume that `spec` asks for; what a data member holds must fit a log member too. */
export function smallestStorageBytes(
  spec: Pick<MemoryClusterSpec, 'storage' | 'transactionLog'>,
): number {
  const sizes = [spec.storage.size, logStorageSize(spec)];
  return Math.min(...sizes.map((size) => parseQuantity(size) ?? 0));
}

/** The size of a log member's volume. */
export function logStorageSize(
  spec: Pick<MemoryClusterSpec, 'storage' | 'transactionLog'>,
): string {
  return spec.transactionLog.storage.size ?? spec.storage.size;
}

/**
 * The bound of V8's old space. It is a bound, not a reservation: with keys and values outside the heap
 * little of it is used, while structures that are still inside must not end the process at maxmemory.
 */
function oldSpaceMib(maxmemoryBytes: number): number {
  return Math.round(maxmemoryBytes / MIB) + 128;
}

/** V8's old space of a log member with this memory limit. */
export function logOldSpaceMib(memoryLimitBytes: number): number {
  return Math.max(64, Math.floor((memoryLimitBytes / MIB) * 0.5));
}

/** How V8 is told, on the command line of every member, here and in a pod. */
export function v8Options(kind: 'data' | 'log', oldSpaceMebibytes: number): readonly string[] {
  const options = [`--max-old-space-size=${oldSpaceMebibytes}`];
  if (kind === 'data') options.push(`--max-semi-space-size=${SEMI_SPACE_MIB}`);
  return options;
}

function wholeMib(bytes: number): number {
  return Math.max(1, Math.floor(bytes / MIB)) * MIB;
}
