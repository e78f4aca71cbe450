import type { ErrorCode } from '@mooring/proto';

/** The codes that a commit, or the repository that it is in, can be refused with. */
type CommitCode =
  | Extract<ErrorCode, `GIT_${string}` | `FILE_${string}` | `YAML_${string}` | `COMPOSE_${string}` | `RENDER_${string}`>
  | Extract<ErrorCode, `SOURCE_${string}` | 'IMAGE_REF' | 'LABEL_RESERVED' | 'NAME_INVALID' | 'PORT_CONFLICT'>
  | 'FLEET_FILE_MISSING'
  | 'FLEET_UNKNOWN_KEY'
  | 'FLEET_TYPE'
  | 'FLEET_VERSION'
  | 'FLEET_SELECTOR'
  | 'FLEET_HOST_UNKNOWN'
  | 'FLEET_UNSUPPORTED_KEY';

/** What to do where the refusal itself has nothing better to say. Nobody is left with a code alone. */
const HINTS: Readonly<Record<CommitCode, string>> = {
  SOURCE_URL_SCHEME: 'Name a path on this machine or an https URL with --repo.',
  SOURCE_URL_CREDENTIALS: 'Put the token in a file of mode 0600 and name it with --token-file.',
  SOURCE_REDIRECT: 'Name the final URL with --repo.',
  SOURCE_UNREACHABLE: 'Look whether the server of the repository runs and can be reached from the hub.',
  SOURCE_DENIED: 'Give a token that may read the repository with --token-file.',
  SOURCE_TIMEOUT: 'Look whether the server of the repository is slow, or make the repository smaller.',
  SOURCE_TOO_LARGE: "Take large files out of the branch's history.",
  SOURCE_CHILD_FAILED: 'Look for a very large or damaged file in the commit, and take it out.',
  GIT_REF_MISSING: 'Name a branch with --branch.',
  GIT_UNSUPPORTED: 'Use a repository that git init makes without options.',
  GIT_HISTORY_REWOUND:
    'Put the change on top of the accepted commit and push that, or accept this one by name: mooring accept COMMIT.',
  GIT_HEAD_MOVED: 'Look at the head that the branch has now, and accept that one by its full name.',
  GIT_SYMLINK: 'Commit the file itself in place of the link.',
  GIT_SUBMODULE: "Commit the submodule's files themselves.",
  GIT_UNSAFE_PATH: 'Rename the entry, or remove it from the folder that is read.',
  GIT_BAD_NAME: 'Rename the file with git mv, or move it out of the folder that is read.',
  GIT_DUPLICATE_PATH: 'Rename one of the two with git mv.',
  GIT_FILE_MISSING: 'Commit the file, or correct its path.',
  GIT_FILE_TOO_LARGE: 'Put large data into a volume or an image.',
  GIT_TREE_TOO_LARGE: 'Put large data into a volume or an image.',
  GIT_OBJECT_TOO_LARGE: 'Put large data into a volume or an image.',
  GIT_OBJECT_MISSING: 'Run git fsck in the repository.',
  GIT_OBJECT_CORRUPT: 'Run git fsck in the repository.',
  GIT_LFS_POINTER: 'Commit the file itself: git lfs migrate export.',
  FILE_NOT_UTF8: 'Convert the file, for example with iconv -t UTF-8.',
  FILE_TOO_LARGE: 'Split the file, or move data out of it.',
  YAML_SYNTAX: 'Look at that line: mooring validate DIR shows the same before you push.',
  YAML_TOO_DEEP: 'Nest fewer lists and mappings.',
  YAML_TOO_MANY_NODES: 'Use fewer aliases, or split the file.',
  YAML_RECURSIVE_ALIAS: 'Name the alias outside of the node that it stands for.',
  YAML_DUPLICATE_KEY: 'Remove one of the two, or put their values together.',
  YAML_FORBIDDEN_KEY: 'Choose another name.',
  YAML_TAG: 'Remove the tag.',
  YAML_MULTI_DOC: 'Remove the "---" line, or split the file.',
  YAML_KEY_TYPE: 'Quote the key.',
  COMPOSE_EXTENDS_CYCLE: 'Take one of the extends out of the circle.',
  COMPOSE_EXTENDS_UNKNOWN: 'Name a service that the extended file defines.',
  COMPOSE_KEY_IGNORED: 'Take the key out: it does nothing here.',
  COMPOSE_EMPTY: 'Write services: with at least one service.',
  COMPOSE_ROOT_TYPE: 'Begin the file with services:.',
  COMPOSE_UNKNOWN_KEY: 'Remove the key, or correct its spelling.',
  COMPOSE_UNSUPPORTED_KEY: 'Remove the key.',
  COMPOSE_TYPE: 'Write the value in the form that is wanted.',
  COMPOSE_VALUE: 'Write one of the values that are wanted.',
  COMPOSE_NAME: "Remove name:, or write the stack's own name.",
  COMPOSE_REMOTE_REF: 'Commit the file into the repository.',
  COMPOSE_PATH_OUTSIDE: 'Move the file into the repository and name it by a relative path.',
  COMPOSE_INCLUDE_CYCLE: 'Remove one of the includes.',
  COMPOSE_VAR_UNDEFINED: "Set it under vars: in fleet.yaml, or in the stack's .env.",
  COMPOSE_VAR_SYNTAX: 'Write $$ for a dollar sign.',
  COMPOSE_PORT: 'Write it as "8080:80", "127.0.0.1:8080:80" or "53:53/udp".',
  COMPOSE_VOLUME: 'Write it as "name:/path" or "./folder:/path:ro".',
  COMPOSE_BIND_WRITABLE: 'Add :ro, or use a volume for what the container writes.',
  COMPOSE_DEPENDS_UNKNOWN: 'Name a service of this stack, or add it.',
  COMPOSE_DEPENDS_CYCLE: 'Remove one of the dependencies.',
  COMPOSE_UNDEFINED_NETWORK: 'Add it under networks: at the top level.',
  COMPOSE_UNDEFINED_VOLUME: 'Add it under volumes: at the top level.',
  COMPOSE_UNDEFINED_CONFIG: 'Add it under configs: at the top level.',
  COMPOSE_UNDEFINED_SECRET: 'Add it under secrets: at the top level.',
  COMPOSE_CONFLICT: 'Keep one of the two.',
  COMPOSE_QUANTITY: 'Write a number in the range that is wanted, such as 512m or 0.5.',
  COMPOSE_DURATION: 'Write it with its unit, such as 90s or 1m30s.',
  COMPOSE_IMAGE_MISSING: 'Add image: to the service.',
  IMAGE_REF: 'Write it as registry.example/name:tag, in lower case.',
  LABEL_RESERVED: 'Choose a label with another prefix.',
  NAME_INVALID: 'Choose another name.',
  PORT_CONFLICT: 'Publish one of the two on another port.',
  FLEET_FILE_MISSING: 'Commit a fleet.yaml at the top of the repository.',
  FLEET_UNKNOWN_KEY: 'Remove the key, or correct its spelling.',
  FLEET_TYPE: 'Write the value in the form that is wanted; fleet.schema.json describes the file to editors.',
  FLEET_VERSION: 'Write version: 1 in the first line.',
  FLEET_SELECTOR: 'Write a selector such as role=web,region!=eu, or a list of host names.',
  FLEET_HOST_UNKNOWN: 'Run mooring invite for it, or correct the name.',
  FLEET_UNSUPPORTED_KEY: 'Remove the key.',
  RENDER_TOO_LARGE: 'Put large data into volumes or images.',
  RENDER_FAILED: 'This is a fault of Mooring: please report it.',
};

/** The next thing that a person can do about a code; undefined for codes that no commit is refused with. */
export function hintFor(code: ErrorCode): string | undefined {
  return Object.hasOwn(HINTS, code) ? HINTS[code as CommitCode] : undefined;
}
