import t from 'tap';
import { layerOfDriver } from '../../../../../src/explain/messages/complaints/disk-complaints.js';
import { COMPLAINT_TABLES } from '../../../../../src/explain/messages/complaints/index.js';
import { walkComplaints } from '../../../../fixtures/complaints.js';

t.test('cards and eMMC', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.mmc, [
    [
      'mmc0: error -110 whilst initialising SD card',
      { code: 'mmc-silent', host: 'mmc0', kind: 'SD', error: { name: 'ETIMEDOUT' } },
    ],
    [
      'mmc1: error -84 whilst initialising MMC card',
      { code: 'mmc-silent', kind: 'MMC', error: { name: 'EILSEQ' } },
    ],
    ["mmc0: host doesn't support card's voltages", { code: 'mmc-voltage', host: 'mmc0' }],
    ['mmc0: unrecognised EXT_CSD revision 9', { code: 'mmc-card-refused' }],
    [
      'mmcblk0: error -110 transferring data, sector 2048, nr 8, cmd response 0x900, ' +
        'card status 0x0',
      { code: 'mmc-transfer', device: 'mmcblk0', error: { name: 'ETIMEDOUT' } },
    ],
    [
      'mmcblk0: timed out sending r/w cmd command, card status 0x900',
      { code: 'mmc-transfer', error: null },
    ],
    ['mmc0: Timeout waiting for hardware interrupt.', { code: 'mmc-unstable' }],
    ['mmc2: tuning execution failed: -5', { code: 'mmc-unstable', host: 'mmc2' }],
    ['mmc0: mmc_select_hs200 failed, error -110', { code: 'mmc-unstable' }],
  ]);
});

t.test('disks, and drivers that do not start', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.disk, [
    ['end_request: I/O error, dev sda, sector 63', { code: 'disk-io', device: 'sda', sector: 63 }],
    [
      'blk_update_request: critical medium error, dev sda, sector 2048 op 0x0:(READ) flags 0x0',
      { code: 'disk-io', medium: true },
    ],
    [
      'I/O error, dev mmcblk0, sector 8 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2',
      { code: 'disk-io', device: 'mmcblk0', sector: 8 },
    ],
    [
      'print_req_error: I/O error, dev mtdblock2, sector 0',
      { code: 'disk-io', device: 'mtdblock2' },
    ],
    [
      'Buffer I/O error on dev sda1, logical block 0, async page read',
      { code: 'disk-io', device: 'sda1', sector: null },
    ],
    ['attempt to access beyond end of device', { code: 'device-end', device: null }],
    ['mmcblk0p2: rw=0, want=20480, limit=16384', { code: 'device-end', limit: 16384 }],
    [
      'mmcblk0p2: rw=0, sector=20480, nr_sectors = 8 limit=16384',
      { code: 'device-end', device: 'mmcblk0p2' },
    ],
    ['ata1: SATA link down (SStatus 0 SControl 300)', { code: 'sata-link-down', port: 'ata1' }],
    ['ata1.00: failed command: READ DMA', { code: 'sata-does-not-answer' }],
    [
      'sd 0:0:0:0: [sda] Add. Sense: Unrecovered read error - auto reallocate failed',
      { code: 'disk-io', medium: true },
    ],
    ['ata2: COMRESET failed (errno=-16)', { code: 'sata-does-not-answer' }],
    [
      'usb 1-1: device descriptor read/64, error -71',
      { code: 'usb-does-not-answer', port: '1-1', error: { name: 'EPROTO' } },
    ],
    ['usb usb2-port1: unable to enumerate USB device', { code: 'usb-does-not-answer' }],
    [
      'nvme nvme0: Device not ready; aborting initialisation, CSTS=0x0',
      { code: 'nvme-not-ready', device: 'nvme0' },
    ],
    ['sd 0:0:0:0: [sda] Media removed, stopped polling', { code: 'disk-no-medium' }],
    [' mmcblk0: unable to read partition table', { code: 'partition-table', device: 'mmcblk0' }],
    [
      'GPT:Primary header thinks Alt. header is not at the end of the disk.',
      { code: 'partition-table', device: null },
    ],
    [
      'sunxi-mmc: probe of 1c0f000.mmc failed with error -22',
      { code: 'driver-fails', driver: 'sunxi-mmc', device: '1c0f000.mmc' },
    ],
    [
      'sdhci-esdhc-imx 30b40000.mmc: probe with driver sdhci-esdhc-imx failed with error -517',
      { code: 'driver-fails', driver: 'sdhci-esdhc-imx', error: { name: 'EPROBE_DEFER' } },
    ],
    [
      'dwmmc_rockchip fe310000.mmc: error -ENOENT: failed to get clock',
      { code: 'driver-fails', error: { said: '-ENOENT', name: 'ENOENT' } },
    ],
  ]);
  t.equal(layerOfDriver('ahci 0000:00:1f.2'), 'disk');
  t.equal(layerOfDriver('leds-gpio leds'), 'program');
});

t.test('device-mapper', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.mapper, [
    [
      'device-mapper: verity: 254:0: data block 12 is corrupted',
      { code: 'verity-corrupted', device: '254:0' },
    ],
    ['device-mapper: verity: root hash verification failed', { code: 'mapper-table' }],
    [
      'device-mapper: table: 254:0: verity: Data device lookup failed',
      { code: 'mapper-table', device: '254:0' },
    ],
    [
      'device-mapper: table: 254:0: verity: unknown target type',
      { code: 'mapper-table', what: 'verity: unknown target type' },
    ],
    [
      'device-mapper: init: waiting for all devices to be available before creating mapped devices',
      { code: 'mapper-waits' },
    ],
    ['device-mapper: ioctl: error adding target to table', { code: 'mapper-table' }],
  ]);
});

t.test('the network, and a root on a server', async (t) => {
  walkComplaints(t, COMPLAINT_TABLES.server, [
    ['IP-Config: No network devices available.', { code: 'network-no-device' }],
    ["IP-Config: Device `eth1' not found.", { code: 'network-device-missing', device: 'eth1' }],
    ['IP-Config: Failed to open eth0', { code: 'network-does-not-open', device: 'eth0' }],
    ['Sending DHCP requests ...... timed out!', { code: 'network-no-answer' }],
    ['IP-Config: Auto-configuration of network failed.', { code: 'network-no-answer' }],
    ['IP-Config: Incomplete network configuration information.', { code: 'network-incomplete' }],
    [
      'Root-NFS: Server returned error -13 while mounting /export/board',
      { code: 'server-refuses', path: '/export/board', error: { name: 'EACCES' } },
    ],
    ['NFS: mount server returned error -2', { code: 'server-refuses', error: { name: 'ENOENT' } }],
    ['Root-NFS: No NFS server available, giving up.', { code: 'server-not-named' }],
    ['Root-NFS: Pathname for remote directory too long.', { code: 'server-words' }],
    [
      'portmap: server 10.1.2.3 not responding, timed out',
      { code: 'server-silent', server: '10.1.2.3', service: 'portmap' },
    ],
    ['nfs: server 10.1.2.3 not responding, still trying', { code: 'server-silent' }],
    [
      'Root-NFS: Unable to get nfsd port number from server, using default',
      { code: 'server-silent', server: null },
    ],
    ['NFS: NFS over TCP not available from 10.1.2.3', { code: 'server-protocol' }],
    [
      'VFS: Unable to mount root fs via NFS, trying floppy.',
      { code: 'server-root-fails', protocol: 'NFS' },
    ],
    [
      'macb f802c000.ethernet eth0: Could not attach PHY (-19)',
      { code: 'network-does-not-open', device: 'eth0' },
    ],
  ]);
});
