/**
 * Every error that a client can get, with Redis' exact text (7.2), in one place. Without the leading `-`
 * and the line end: {@link ReplyWriter.error} adds those. Entries that are functions take what the text names.
 */
export const ERRORS = {
  // General
  wrongType: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  syntax: 'ERR syntax error',
  notInteger: 'ERR value is not an integer or out of range',
  notFloat: 'ERR value is not a valid float',
  outOfRange: 'ERR value is out of range',
  outOfRangePositive: 'ERR value is out of range, must be positive',
  outOfLongRange:
    'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
  outOfIntRange: 'ERR value is out of range, value must between -2147483648 and 2147483647',
  indexOutOfRange: 'ERR index out of range',
  noSuchKey: 'ERR no such key',
  sameObject: 'ERR source and destination objects are the same',
  invalidCursor: 'ERR invalid cursor',
  dbIndexOutOfRange: 'ERR DB index is out of range',
  copyToOtherDatabase: 'ERR Copying to another database is not allowed in cluster mode',
  invalidDbIndex: 'ERR invalid DB index',
  /** `name` as COMMAND spells it: lower case, `container|subcommand` for a subcommand. */
  wrongArity: (name: string): string => `ERR wrong number of arguments for '${name}' command`,
  /** `name` and `begun` (each argument in quotes, one space after it) as the client sent them, cut to 128 bytes. */
  unknownCommand: (name: string, begun: string): string =>
    `ERR unknown command '${name}', with args beginning with: ${begun}`,
  unknownSubcommand: (sub: string, container: string): string =>
    `ERR unknown subcommand '${sub}'. Try ${container} HELP.`,
  subcommandSyntax: (sub: string, container: string): string =>
    `ERR unknown subcommand or wrong number of arguments for '${sub}'. Try ${container} HELP.`,

  // Strings, counters and expiry
  overflow: 'ERR increment or decrement would overflow',
  decrementOverflow: 'ERR decrement would overflow',
  notFinite: 'ERR increment would produce NaN or Infinity',
  stringTooLong: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  offsetOutOfRange: 'ERR offset is out of range',
  invalidExpire: (command: string): string => `ERR invalid expire time in '${command}' command`,
  expireFlagsExclusive: 'ERR NX and XX, GT or LT options at the same time are not compatible',
  expireGtLtExclusive: 'ERR GT and LT options at the same time are not compatible',
  unsupportedOption: (option: string): string => `ERR Unsupported option ${option}`,
  lcsLengthAndIndexes: 'ERR If you want both the length and indexes, please just use IDX.',
  lcsNotStrings: 'ERR The specified keys must contain string values',
  lcsTooLong: 'ERR String too long for LCS',
  lcsMemory: 'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',

  // Hashes
  hashValueNotInteger: 'ERR hash value is not an integer',
  hashValueNotFloat: 'ERR hash value is not a float',
  notFiniteIncrement: 'ERR value is NaN or Infinity',

  // Lists and sets
  zeroRank:
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
  negativeCount: "ERR COUNT can't be negative",
  negativeMaximumLength: "ERR MAXLEN can't be negative",
  negativeLimit: "ERR LIMIT can't be negative",
  numKeysNotPositive: 'ERR numkeys should be greater than 0',
  countNotPositive: 'ERR count should be greater than 0',
  moreKeysThanArguments: "ERR Number of keys can't be greater than number of args",
  /** Redis has no such limit: it gathers until memory ends. */
  resultTooLarge: 'ERR result exceeds maximum allowed size',

  // Sorted sets
  scoreNotNumber: 'ERR resulting score is not a number (NaN)',
  zaddNxXx: 'ERR XX and NX options at the same time are not compatible',
  zaddGtLtNx: 'ERR GT, LT, and/or NX options at the same time are not compatible',
  zaddIncrPairs: 'ERR INCR option supports a single increment-element pair',
  boundNotFloat: 'ERR min or max is not a float',
  boundNotMember: 'ERR min or max not valid string range item',
  limitWithoutBy:
    'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
  withScoresByMember: 'ERR syntax error, WITHSCORES not supported in combination with BYLEX',
  noInputKeys: (command: string): string =>
    `ERR at least 1 input key is needed for '${command}' command`,
  weightNotFloat: 'ERR weight value is not a float',

  // SORT
  sortByDenied: 'ERR BY option of SORT denied in Cluster mode.',
  sortGetDenied: 'ERR GET option of SORT denied in Cluster mode.',
  elementNotDouble: "ERR One or more scores can't be converted into double",

  // OBJECT
  noLfuPolicy:
    'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',

  // Scripts, functions, CONFIG and DEBUG
  scriptFlushMode: 'ERR SCRIPT FLUSH only support SYNC|ASYNC option',
  functionFlushMode: 'ERR FUNCTION FLUSH only supports SYNC|ASYNC option',
  libraryNameMissing: 'ERR library name argument was not given',
  unknownArgument: (argument: string): string => `ERR Unknown argument ${argument}`,
  configSetFailed: (name: string, rule: string): string =>
    `ERR CONFIG SET failed (possibly related to argument '${name}') - ${rule}`,
  noConfigFile: 'ERR The server is running without a config file',
  resp3Only: 'ERR RESP2 is not supported by this command',
  wrongProtocolType:
    'ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false',
  cannotReload: 'ERR This member cannot rebuild its keyspace from the log now',

  // Server and cluster
  crossSlot: "CROSSSLOT Keys in request don't hash to the same slot",
  notAllowedInCluster: (name: string): string => `ERR ${name} is not allowed in cluster mode`,
  outOfMemory: "OOM command not allowed when used memory > 'maxmemory'.",
  /** With the prefix that clients know for "no more writes for now". */
  diskFull:
    'OOM command not allowed: too few disks of the transaction log have room. Reads and deletes go on.',
  /** As Redis' min-replicas-max-lag: too much is acknowledged that too few have. */
  lossBound:
    'NOREPLICAS Writes are refused until older ones are on disk in a majority: async-loss-bound-ms is reached.',
  readOnlyReplica: "READONLY You can't write against a read only replica.",
  loading: 'LOADING Redis is loading the dataset in memory',
  moved: (slot: number, endpoint: string): string => `MOVED ${slot} ${endpoint}`,
  invalidSlot: 'ERR Invalid slot',
  invalidSlotCount: 'ERR Invalid slot or number of keys',
  unknownNode: (id: string): string => `ERR Unknown node ${id}`,
  nodeIsNoMaster: 'ERR The specified node is not a master',
  selectInCluster: 'ERR SELECT is not allowed in cluster mode',
  clusterDown: 'CLUSTERDOWN The cluster is down',
  clusterDownUnbound: 'CLUSTERDOWN Hash slot not served',
  noKeyArguments: 'ERR The command has no key arguments',
  invalidKeyArguments: 'ERR Invalid arguments specified for command',
  invalidCommandSpecified: 'ERR Invalid command specified',
  invalidArity: 'ERR Invalid number of arguments specified for command',

  // Connections
  noAuth: 'NOAUTH Authentication required.',
  wrongPass: 'WRONGPASS invalid username-password pair or user is disabled.',
  noPasswordSet:
    'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
  noPermission: (why: string): string => `NOPERM ${why}`,
  helloSyntax: (option: string): string => `ERR Syntax error in HELLO option '${option}'`,
  helloNeedsAuth:
    'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
  invalidClientName: 'ERR Client names cannot contain spaces, newlines or special characters.',
  invalidLibraryInfo: (attribute: string): string =>
    `ERR ${attribute} cannot contain spaces, newlines or special characters.`,
  unrecognizedOption: (option: string): string => `ERR Unrecognized option '${option}'`,
  unknownClientType: (type: string): string => `ERR Unknown client type '${type}'`,
  invalidClientId: 'ERR Invalid client ID',
  clientIdNotPositive: 'ERR client-id should be greater than 0',
  noSuchClient: 'ERR No such client',
  noSuchUser: (name: string): string => `ERR No such user '${name}'`,
  userNotFound: (name: string): string => `ERR User '${name}' not found`,
  unknownCategory: (name: string): string => `ERR Unknown category '${name}'`,
  commandNotFound: (name: string): string => `ERR Command '${name}' not found`,
  noProtocol: 'NOPROTO unsupported protocol version',
  protocolNotInteger: 'ERR Protocol version is not an integer or out of range',

  // Commands that block
  timeoutNotInteger: 'ERR timeout is not an integer or out of range',
  timeoutNegative: 'ERR timeout is negative',
  timeoutOutOfRange: 'ERR timeout is out of range',
  valueNotBetween: (least: number, most: number): string =>
    `ERR value is out of range, value must between ${least} and ${most}`,
  waitOnReplica:
    'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.',
  waitAofOnReplica:
    'ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated.',
  unblockedByRole:
    'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',

  // Transactions
  nestedMulti: 'ERR MULTI calls can not be nested',
  execWithoutMulti: 'ERR EXEC without MULTI',
  discardWithoutMulti: 'ERR DISCARD without MULTI',
  watchInsideMulti: 'ERR WATCH inside MULTI is not allowed',
  notAllowedInMulti: 'ERR Command not allowed inside a transaction',
  execAborted: 'EXECABORT Transaction discarded because of previous errors.',
  execAbortedBecause: (error: string): string =>
    `EXECABORT Transaction discarded because of: ${error.replace(/^ERR /, '')}`,
  rightsChanged: (denial: 'command' | 'key'): string =>
    `NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ${
      denial === 'command'
        ? 'no permission to execute the command or subcommand'
        : 'no permission to touch the specified keys'
    }`,
  transactionTooBig: 'ERR Protocol error: transaction exceeds the query buffer limit',
} as const;

/** The errors after which the connection is closed (Redis' networking.c). */
export const PROTOCOL_ERRORS = {
  inlineTooBig: 'ERR Protocol error: too big inline request',
  unbalancedQuotes: 'ERR Protocol error: unbalanced quotes in request',
  multibulkCountTooBig: 'ERR Protocol error: too big mbulk count string',
  invalidMultibulk: 'ERR Protocol error: invalid multibulk length',
  unauthenticatedMultibulk: 'ERR Protocol error: unauthenticated multibulk length',
  bulkCountTooBig: 'ERR Protocol error: too big bulk count string',
  expectedDollar: (got: string): string => `ERR Protocol error: expected '$', got '${got}'`,
  invalidBulk: 'ERR Protocol error: invalid bulk length',
  unauthenticatedBulk: 'ERR Protocol error: unauthenticated bulk length',
  /** Redis closes without a word here (client-query-buffer-limit); we say why. */
  requestTooBig: 'ERR Protocol error: request exceeds the query buffer limit',
} as const;
