import { errnoName, errnoText } from './errno.js';

/**
 * Errors that no call of ours returns. Kernel logs contain them: from drivers, the network, the
 * loader, and behind ERESTARTSYS from the kernel's inside (include/linux/errno.h).
 */
const RARE: Record<number, readonly [name: string, text: string]> = {
  3: ['ESRCH', 'no such process'],
  10: ['ECHILD', 'no child processes'],
  29: ['ESPIPE', 'illegal seek'],
  32: ['EPIPE', 'broken pipe'],
  33: ['EDOM', 'argument out of domain'],
  35: ['EDEADLK', 'resource deadlock would occur'],
  37: ['ENOLCK', 'no locks available'],
  42: ['ENOMSG', 'no message of desired type'],
  43: ['EIDRM', 'identifier removed'],
  44: ['ECHRNG', 'channel number out of range'],
  45: ['EL2NSYNC', 'level 2 not synchronized'],
  46: ['EL3HLT', 'level 3 halted'],
  47: ['EL3RST', 'level 3 reset'],
  48: ['ELNRNG', 'link number out of range'],
  49: ['EUNATCH', 'protocol driver not attached'],
  50: ['ENOCSI', 'no CSI structure available'],
  51: ['EL2HLT', 'level 2 halted'],
  52: ['EBADE', 'invalid exchange'],
  53: ['EBADR', 'invalid request descriptor'],
  54: ['EXFULL', 'exchange full'],
  55: ['ENOANO', 'no anode'],
  56: ['EBADRQC', 'invalid request code'],
  57: ['EBADSLT', 'invalid slot'],
  59: ['EBFONT', 'bad font file format'],
  60: ['ENOSTR', 'device not a stream'],
  62: ['ETIME', 'timer expired'],
  63: ['ENOSR', 'out of streams resources'],
  64: ['ENONET', 'machine is not on the network'],
  65: ['ENOPKG', 'package not installed'],
  66: ['EREMOTE', 'object is remote'],
  67: ['ENOLINK', 'link has been severed'],
  68: ['EADV', 'advertise error'],
  69: ['ESRMNT', 'srmount error'],
  70: ['ECOMM', 'communication error on send'],
  71: ['EPROTO', 'protocol error'],
  72: ['EMULTIHOP', 'multihop attempted'],
  73: ['EDOTDOT', 'RFS specific error'],
  76: ['ENOTUNIQ', 'name not unique on network'],
  77: ['EBADFD', 'file descriptor in bad state'],
  78: ['EREMCHG', 'remote address changed'],
  79: ['ELIBACC', 'cannot access a needed shared library'],
  80: ['ELIBBAD', 'accessing a corrupted shared library'],
  81: ['ELIBSCN', '.lib section in a.out corrupted'],
  82: ['ELIBMAX', 'too many shared libraries'],
  83: ['ELIBEXEC', 'cannot exec a shared library directly'],
  84: ['EILSEQ', 'illegal byte sequence (CRC error)'],
  85: ['ERESTART', 'interrupted system call should be restarted'],
  86: ['ESTRPIPE', 'streams pipe error'],
  87: ['EUSERS', 'too many users'],
  88: ['ENOTSOCK', 'not a socket'],
  89: ['EDESTADDRREQ', 'destination address required'],
  90: ['EMSGSIZE', 'message too long'],
  91: ['EPROTOTYPE', 'wrong protocol type for socket'],
  92: ['ENOPROTOOPT', 'protocol not available'],
  93: ['EPROTONOSUPPORT', 'protocol not supported'],
  94: ['ESOCKTNOSUPPORT', 'socket type not supported'],
  96: ['EPFNOSUPPORT', 'protocol family not supported'],
  97: ['EAFNOSUPPORT', 'address family not supported'],
  98: ['EADDRINUSE', 'address already in use'],
  99: ['EADDRNOTAVAIL', 'cannot assign requested address'],
  100: ['ENETDOWN', 'network is down'],
  101: ['ENETUNREACH', 'network is unreachable'],
  102: ['ENETRESET', 'network dropped connection on reset'],
  103: ['ECONNABORTED', 'connection aborted'],
  104: ['ECONNRESET', 'connection reset by peer'],
  105: ['ENOBUFS', 'no buffer space available'],
  106: ['EISCONN', 'already connected'],
  107: ['ENOTCONN', 'not connected'],
  108: ['ESHUTDOWN', 'cannot send after shutdown'],
  109: ['ETOOMANYREFS', 'too many references'],
  111: ['ECONNREFUSED', 'connection refused'],
  112: ['EHOSTDOWN', 'host is down'],
  113: ['EHOSTUNREACH', 'no route to host'],
  114: ['EALREADY', 'operation already in progress'],
  115: ['EINPROGRESS', 'operation now in progress'],
  118: ['ENOTNAM', 'not a XENIX named type file'],
  119: ['ENAVAIL', 'no XENIX semaphores available'],
  120: ['EISNAM', 'is a named type file'],
  121: ['EREMOTEIO', 'remote I/O error'],
  123: ['ENOMEDIUM', 'no medium found'],
  124: ['EMEDIUMTYPE', 'wrong medium type'],
  126: ['ENOKEY', 'required key not available'],
  127: ['EKEYEXPIRED', 'key has expired'],
  128: ['EKEYREVOKED', 'key has been revoked'],
  129: ['EKEYREJECTED', 'key was rejected by service'],
  130: ['EOWNERDEAD', 'owner died'],
  131: ['ENOTRECOVERABLE', 'state not recoverable'],
  132: ['ERFKILL', 'operation not possible due to RF-kill'],
  133: ['EHWPOISON', 'memory page has hardware error'],
  512: ['ERESTARTSYS', 'interrupted, to be restarted'],
  515: ['ENOIOCTLCMD', 'no such ioctl'],
  516: ['ERESTART_RESTARTBLOCK', 'interrupted, to be restarted'],
  517: ['EPROBE_DEFER', 'driver waits for another one'],
  518: ['EOPENSTALE', 'stale handle on open'],
  519: ['ENOPARAM', 'parameter not supported'],
  521: ['EBADHANDLE', 'illegal NFS file handle'],
  522: ['ENOTSYNC', 'update synchronization mismatch'],
  523: ['EBADCOOKIE', 'stale cookie'],
  525: ['ETOOSMALL', 'buffer or request is too small'],
  526: ['ESERVERFAULT', 'untranslatable error of the server'],
  527: ['EBADTYPE', 'type not supported by server'],
  528: ['EJUKEBOX', 'request will not complete before timeout'],
  529: ['EIOCBQUEUED', 'I/O is queued'],
  530: ['ERECALLCONFLICT', 'conflict with recalled state'],
};

/** The numbers that MIPS does not share with the others (arch/mips/include/uapi/asm/errno.h). */
// prettier-ignore
const MIPS: Record<number, string> = {
  35: 'ENOMSG', 36: 'EIDRM', 37: 'ECHRNG', 38: 'EL2NSYNC', 39: 'EL3HLT', 40: 'EL3RST',
  41: 'ELNRNG', 42: 'EUNATCH', 43: 'ENOCSI', 44: 'EL2HLT', 45: 'EDEADLK', 46: 'ENOLCK',
  50: 'EBADE', 51: 'EBADR', 52: 'EXFULL', 53: 'ENOANO', 54: 'EBADRQC', 55: 'EBADSLT',
  56: 'EDEADLK', 66: 'EREMOTE', 67: 'ENOLINK', 68: 'EADV', 69: 'ESRMNT', 70: 'ECOMM',
  71: 'EPROTO', 73: 'EDOTDOT', 74: 'EMULTIHOP', 77: 'EBADMSG', 78: 'ENAMETOOLONG',
  79: 'EOVERFLOW', 80: 'ENOTUNIQ', 81: 'EBADFD', 82: 'EREMCHG', 83: 'ELIBACC', 84: 'ELIBBAD',
  85: 'ELIBSCN', 86: 'ELIBMAX', 87: 'ELIBEXEC', 88: 'EILSEQ', 89: 'ENOSYS', 90: 'ELOOP',
  91: 'ERESTART', 92: 'ESTRPIPE', 93: 'ENOTEMPTY', 94: 'EUSERS', 95: 'ENOTSOCK',
  96: 'EDESTADDRREQ', 97: 'EMSGSIZE', 98: 'EPROTOTYPE', 99: 'ENOPROTOOPT',
  120: 'EPROTONOSUPPORT', 121: 'ESOCKTNOSUPPORT', 122: 'EOPNOTSUPP', 123: 'EPFNOSUPPORT',
  124: 'EAFNOSUPPORT', 125: 'EADDRINUSE', 126: 'EADDRNOTAVAIL', 127: 'ENETDOWN',
  128: 'ENETUNREACH', 129: 'ENETRESET', 130: 'ECONNABORTED', 131: 'ECONNRESET', 132: 'ENOBUFS',
  133: 'EISCONN', 134: 'ENOTCONN', 135: 'EUCLEAN', 137: 'ENOTNAM', 138: 'ENAVAIL', 139: 'EISNAM',
  140: 'EREMOTEIO', 143: 'ESHUTDOWN', 144: 'ETOOMANYREFS', 145: 'ETIMEDOUT', 146: 'ECONNREFUSED',
  147: 'EHOSTDOWN', 148: 'EHOSTUNREACH', 149: 'EALREADY', 150: 'EINPROGRESS', 151: 'ESTALE',
  158: 'ECANCELED', 159: 'ENOMEDIUM', 160: 'EMEDIUMTYPE', 161: 'ENOKEY', 162: 'EKEYEXPIRED',
  163: 'EKEYREVOKED', 164: 'EKEYREJECTED', 165: 'EOWNERDEAD', 166: 'ENOTRECOVERABLE',
  167: 'ERFKILL', 168: 'EHWPOISON', 1133: 'EDQUOT',
};

const UNKNOWN = /^errno /;

const commonName = (number: number): string => RARE[number]?.[0] ?? errnoName(number);

/** The name of an error in a kernel log; null for a number that is none. */
export function kernelErrorName(number: number, mips = false): string | null {
  const name = (mips ? MIPS[number] : undefined) ?? commonName(number);
  return UNKNOWN.test(name) ? null : name;
}

/** The meaning of an errno name in a few words; empty for an unknown one. */
export function kernelErrorText(name: string): string {
  const own = Object.values(RARE).find(([known]) => known === name);
  return own?.[1] ?? errnoText(name);
}

/** The number of a name on most architectures; null if it is none. */
export function kernelErrorNumber(name: string): number | null {
  for (let number = 1; number <= LAST; number++) if (commonName(number) === name) return number;
  return null;
}

const LAST = 530;
