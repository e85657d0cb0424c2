/**
 * Replacements of the two addons while a heap is written, because a snapshot cannot contain what
 * the real ones make. The code above them runs over these once, which compiles it, and again over
 * the real ones on the board. Only the shapes matter: sizes are those of 32-bit ARM, and every call
 * succeeds.
 */
import { keyed } from '../text/keyed.js';

const SIZES: Readonly<Record<string, number>> = keyed({
  bool: 1,
  byte: 1,
  char: 1,
  uchar: 1,
  int8: 1,
  uint8: 1,
  short: 2,
  ushort: 2,
  int16: 2,
  uint16: 2,
  int: 4,
  uint: 4,
  int32: 4,
  uint32: 4,
  long: 4,
  ulong: 4,
  float: 4,
  longlong: 8,
  ulonglong: 8,
  int64: 8,
  uint64: 8,
  double: 8,
  size_t: 4,
  pointer: 4,
  Object: 4,
});
const FFI_TYPES = [
  'void',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'uint64',
  'int64',
  'uchar',
  'char',
  'ushort',
  'short',
  'uint',
  'int',
  'float',
  'double',
  'pointer',
  'ulonglong',
  'longlong',
];

const pointer = (): Buffer => Buffer.alloc(8);
const nothing = (): void => {};

const refNapi = (): object => ({
  instance: {},
  sizeof: SIZES,
  alignof: SIZES,
  nullptr: pointer(),
  NULL: pointer(),
  address: () => 1,
  hexAddress: () => '1',
  isNull: () => false,
  readObject: () => ({}),
  _writeObject: nothing,
  readPointer: (_: Buffer, __: number, size: number) => Buffer.alloc(size || 1),
  _writePointer: nothing,
  readInt64: () => 0,
  writeInt64: nothing,
  readUInt64: () => 0,
  writeUInt64: nothing,
  readCString: () => '',
  _reinterpret: (_: Buffer, size: number) => Buffer.alloc(size || 1),
  _reinterpretUntilZeros: () => pointer(),
});

const bindings = (): object => ({
  version: '',
  ffi_prep_cif: () => 0,
  ffi_prep_cif_var: () => 0,
  ffi_call: nothing,
  ffi_call_async: nothing,
  FFI_OK: 0,
  FFI_BAD_TYPEDEF: 1,
  FFI_BAD_ABI: 2,
  FFI_DEFAULT_ABI: 1,
  RTLD_LAZY: 1,
  RTLD_NOW: 2,
  RTLD_LOCAL: 0,
  RTLD_GLOBAL: 256,
  FFI_ARG_SIZE: 4,
  FFI_SARG_SIZE: 4,
  FFI_TYPE_SIZE: 12,
  FFI_CIF_SIZE: 32,
  FFI_TYPES: Object.fromEntries(FFI_TYPES.map((name) => [name, pointer()])),
  StaticFunctions: Object.fromEntries(
    ['dlopen', 'dlclose', 'dlsym', 'dlerror', '_errno'].map((name) => [name, pointer()]),
  ),
  Callback: nothing,
});

/** The addon of a path, as `require` would give it. */
export const standIn = (path: string): object =>
  path.endsWith('ref-napi.node') ? refNapi() : { initializeBindings: bindings };
