import { complains, logError } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

const LAYER = 'server' as const;

/** What the kernel says on its way to a root on a server. */
export const SERVER_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: /^IP-Config: No network devices available/,
    source: 'net/ipv4/ipconfig.c: ic_open_devs',
    tells: complains('reason', () => ({ layer: LAYER, cause: { code: 'network-no-device' } })),
  },
  {
    pattern: /^IP-Config: Device [`'"]?([^'"]+?)['"]? not found/,
    source: 'net/ipv4/ipconfig.c: ic_open_devs',
    tells: complains('reason', ([, device]) => ({
      layer: LAYER,
      cause: { code: 'network-device-missing', device: device! },
    })),
  },
  {
    pattern: /^IP-Config: Failed to open (\S+)/,
    source: 'net/ipv4/ipconfig.c: ic_open_devs',
    tells: complains('reason', ([, device]) => ({
      layer: LAYER,
      cause: { code: 'network-does-not-open', device: device! },
    })),
  },
  {
    pattern:
      /^(?:IP-Config: )?(?:Sending (?:BOOTP|DHCP|RARP|BOOTP and RARP|.*) requests .*timed out!|Auto-configuration of network failed|Retrying forever \(NFS root\)|(?:\.+ )?timed out!$)/,
    source: 'net/ipv4/ipconfig.c: ic_dynamic, ip_auto_config',
    tells: complains('reason', () => ({ layer: LAYER, cause: { code: 'network-no-answer' } })),
  },
  {
    pattern:
      /^IP-Config: (?:Incomplete network configuration information|Unable to (?:set|guess) .*|Gateway not on directly connected network|Invalid .*)/,
    source: 'net/ipv4/ipconfig.c: ip_auto_config, ic_setup_if',
    tells: complains('reason', ([what]) => ({
      layer: LAYER,
      cause: { code: 'network-incomplete', what: what.replace('IP-Config: ', '') },
    })),
  },
  {
    pattern: /^Root-NFS: Server returned error (-\d+) while mounting (.*)$/,
    source: 'fs/nfs/nfsroot.c: root_nfs_get_handle (until 2.6.37)',
    until: '2.6.36',
    tells: complains('reason', ([, error, path], seen) => ({
      layer: LAYER,
      cause: { code: 'server-refuses', error: logError(error!, seen), path: path!.trim() },
    })),
  },
  {
    pattern:
      /^NFS: (?:mount server returned error (-\d+)|.*mount.* (?:failed|returned).*? (-\d+))|^VFS: Mounting root fs on NFS failed, error (-\d+)/,
    source: 'fs/nfs/mount_clnt.c; fs/nfs/super.c',
    tells: complains('reason', ([, one, two, three], seen) => ({
      layer: LAYER,
      cause: {
        code: 'server-refuses',
        error: logError((one ?? two ?? three)!, seen),
        path: null,
      },
    })),
  },
  {
    pattern: /^Root-NFS: [Nn]o NFS server (?:available|address)/,
    source: 'fs/nfs/nfsroot.c: root_nfs_addr, root_nfs_data',
    tells: complains('reason', () => ({ layer: LAYER, cause: { code: 'server-not-named' } })),
  },
  {
    pattern:
      /^Root-NFS: ([Pp]athname for remote directory too long|nfsroot.*too long.*|.*[Ii]nvalid.*|.*option.*not supported.*)/,
    source: 'fs/nfs/nfsroot.c',
    tells: complains('reason', ([, what]) => ({
      layer: LAYER,
      cause: { code: 'server-words', what: what! },
    })),
  },
  {
    pattern:
      /^(portmap|rpcbind|mount|nfs|RPC): (?:.* )?server (\S+?),? not responding(, timed out|, still trying)?/,
    source: 'net/sunrpc/clnt.c: call_timeout',
    tells: complains('medium', ([, service, server]) => ({
      layer: LAYER,
      cause: { code: 'server-silent', server: server!, service: service! },
    })),
  },
  {
    pattern: /^Root-NFS: Unable to get (nfsd|mountd) port number from server/,
    source: 'fs/nfs/nfsroot.c: root_nfs_ports',
    until: '2.6.36',
    tells: complains('effect', ([, service]) => ({
      layer: LAYER,
      cause: { code: 'server-silent', server: null, service: service! },
    })),
  },
  {
    pattern:
      /^(?:NFS|NFSv4|RPC|NFS4): (.*(?:not (?:available|supported|configured).*|[Pp]rotocol not supported.*|bad .*mount version.*|version \d+ unsupported.*))$/,
    source: 'fs/nfs/super.c, client.c',
    tells: complains('reason', ([, what]) => ({
      layer: LAYER,
      cause: { code: 'server-protocol', what: what! },
    })),
  },
  {
    pattern: /^VFS: Unable to mount root fs via (NFS|SMB)/,
    source: 'init/do_mounts.c: mount_root, mount_nfs_root',
    tells: complains('effect', ([, protocol]) => ({
      layer: LAYER,
      cause: { code: 'server-root-fails', protocol: protocol! },
    })),
  },
  {
    pattern:
      /^(?:\S{1,40} ){0,3}(\w{0,12}(?:eth|lan|end|enp|usb)\w{0,12}): .{0,80}?(?:Could not attach (?:to )?PHY|Unable to connect to phy|no PHY found|cannot attach to PHY|PHY .{0,40}not found|failed to connect to (?:the )?PHY)/i,
    has: ['attach', 'connect to', 'no phy found', 'phy '],
    source: 'drivers/net/phy, drivers/net/ethernet',
    tells: complains('hint', ([, device]) => ({
      layer: LAYER,
      cause: { code: 'network-does-not-open', device: device! },
    })),
  },
];
