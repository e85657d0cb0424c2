import { cause } from './cause-row.js';
import { loggedError, type LogError } from './words.js';
import { keyed } from '../../text/keyed.js';

const EXPORT =
  'on the server: is the directory exported to this address (/etc/exports, `exportfs -v`), ' +
  'with no_root_squash?';
const VERSION = 'name a version that the server has: nfsroot=…,vers=3 or vers=4, and tcp';

/** What an error of the server means. */
const SERVER_ERRORS: Readonly<Record<string, { means: string; todo: readonly string[] }>> = keyed({
  EACCES: { means: 'the server does not allow it', todo: [EXPORT] },
  EPERM: { means: 'the server does not allow it', todo: [EXPORT] },
  ENOENT: {
    means: 'the server has no such directory',
    todo: ['correct the path in nfsroot= (or the one from DHCP)', EXPORT],
  },
  ENOTDIR: { means: 'the path names no directory', todo: ['correct the path in nfsroot='] },
  ECONNREFUSED: {
    means: 'the server runs, and no NFS or mount service answers there',
    todo: ['start the NFS server and rpcbind, and let its firewall pass them'],
  },
  ETIMEDOUT: {
    means: 'the server does not answer',
    todo: ['check address, cable, switch port and firewall'],
  },
  EPROTONOSUPPORT: { means: 'the server does not have this version', todo: [VERSION] },
  EIO: {
    means: 'the exchange with the server broke off',
    todo: ['check network and server, and try proto=tcp', VERSION],
  },
  EINVAL: { means: 'the options do not fit the server', todo: [VERSION] },
  ENETUNREACH: {
    means: 'no way leads to the server',
    todo: ['correct address, netmask and gateway in ip='],
  },
  EHOSTUNREACH: {
    means: 'no way leads to the server',
    todo: ['correct address, netmask and gateway in ip='],
  },
});

/** Why a root on a server does not come. */
export const SERVER_CAUSES = {
  'network-no-device': cause(
    () => 'the kernel has no network device when it needs one for its root',
    [
      "build the network card's driver and its PHY into the kernel (=y), with their firmware",
      'compare the device tree with the board: PHY address, reset, clock',
    ],
  ),
  'network-device-missing': cause(
    ({ device }: { device: string }) => `there is no network device ${device}, which ip= names`,
    ['correct the device in ip=, or leave it out: the kernel then takes the first that answers'],
  ),
  'network-does-not-open': cause(
    ({ device }: { device: string }) => `the network device ${device} cannot be started`,
    ['look at the lines before: its PHY, firmware, clock or interrupt is missing'],
  ),
  'network-no-answer': cause(
    () => 'no DHCP or BOOTP server answered, so the board has no address',
    [
      'check cable, switch port (spanning tree delays it) and the DHCP server',
      'or give the address on the command line: ip=ADDRESS:SERVER:GATEWAY:NETMASK::eth0:off',
    ],
  ),
  'network-incomplete': cause(
    ({ what }: { what: string }) => `the network is not configured: ${what}`,
    ['give ip= in full, or ip=dhcp with CONFIG_IP_PNP_DHCP'],
  ),
  'server-refuses': cause(
    ({ error, path }: { error: LogError; path: string | null }) => {
      const means = SERVER_ERRORS[error.name ?? '']?.means;
      return (
        `the server refuses ${path === null ? 'the mount' : `to mount ${path}`}: ` +
        loggedError(error) +
        (means === undefined ? '' : `, ${means}`)
      );
    },
    ({ error }) => SERVER_ERRORS[error.name ?? '']?.todo ?? [EXPORT, VERSION],
  ),
  'server-silent': cause(
    ({ server, service }: { server: string | null; service: string }) =>
      `${server === null ? 'the server' : `the server ${server}`} does not answer (${service})`,
    [
      'check that the board reaches it: address, netmask and gateway in ip=, cable, firewall',
      'check that it runs NFS, mountd and rpcbind for the version that is asked for',
      VERSION,
    ],
  ),
  'server-not-named': cause(
    () => 'no NFS server is named: neither nfsroot= nor DHCP gives one',
    ['give nfsroot=SERVER:/PATH, or have DHCP send it (next-server, root-path)'],
  ),
  'server-words': cause(
    ({ what }: { what: string }) => `nfsroot= is not accepted: ${what}`,
    ['correct nfsroot=SERVER:/PATH,OPTIONS'],
  ),
  'server-protocol': cause(
    ({ what }: { what: string }) => `the kernel and the server do not agree: ${what}`,
    [VERSION, 'build the kernel with that version (CONFIG_NFS_V3, CONFIG_NFS_V4)'],
  ),
  'server-root-fails': cause(
    ({ protocol }: { protocol: string }) =>
      `the root on the server cannot be mounted (${protocol}), and the kernel does not say why`,
    [
      'check that the board has an address (a line "IP-Config: Complete"), ' +
        'and mount the same export from another machine',
      EXPORT,
      VERSION,
    ],
  ),
};
