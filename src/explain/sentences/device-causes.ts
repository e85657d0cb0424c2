import { cause } from './cause-row.js';
import { CABLE_AND_POWER, COPY_FIRST, DO_NOT_ERASE, LOOK_BEFORE, deviceName } from './repairs.js';
import { loggedError, type LogError } from './words.js';

const SLOWER =
  'try it slower: max-frequency, no-1-8-v, or without HS200/UHS in the device tree; ' +
  'check drive strength and pull-ups of the pins';

const because = (error: LogError | null): string =>
  error === null ? '' : `: ${loggedError(error)}`;

/** Why a card, a disk or a mapped device gives no root. */
export const DEVICE_CAUSES = {
  'mmc-silent': cause(
    ({ host, kind, error }: { host: string; kind: string; error: LogError }) =>
      `the ${kind} card on ${host} does not start${because(error)}`,
    [
      CABLE_AND_POWER,
      SLOWER,
      'compare regulators (vmmc-supply, vqmmc-supply), clocks and card detection in the ' +
        'device tree with the board',
    ],
  ),
  'mmc-voltage': cause(
    ({ host }: { host: string }) => `${host} and the card do not agree on a voltage`,
    ['correct vmmc-supply, vqmmc-supply and no-1-8-v in the device tree', CABLE_AND_POWER],
  ),
  'mmc-card-refused': cause(
    ({ host, what }: { host: string; what: string }) =>
      `the kernel refuses the card on ${host}: ${what}`,
    ['use another card, or a kernel that knows this kind; a locked card must be unlocked'],
  ),
  'mmc-transfer': cause(
    ({ device, error }: { device: string; error: LogError | null }) =>
      `${device} cannot be read or written reliably${because(error)}`,
    [DO_NOT_ERASE, CABLE_AND_POWER, SLOWER],
  ),
  'mmc-unstable': cause(
    ({ host }: { host: string }) => `the host ${host} does not get answers from its card in time`,
    [CABLE_AND_POWER, SLOWER, 'check its clock and its interrupt in the device tree'],
  ),
  'disk-io': cause(
    ({
      device,
      sector,
      medium,
    }: {
      device: string;
      sector: number | null;
      medium: boolean;
      block?: number;
    }) =>
      `${device} cannot be read${sector === null ? '' : ` at sector ${sector}`}` +
      (medium ? ': the medium itself is damaged there' : ''),
    [DO_NOT_ERASE, COPY_FIRST, CABLE_AND_POWER],
  ),
  'device-end': cause(
    ({ device, limit }: { device: string | null; limit: number | null }) =>
      `${deviceName(device)} is smaller than what it should hold` +
      (limit === null ? '' : `: it has ${limit} sectors`),
    [
      'compare the partition table with the size of the image: it was cut, or the table is old',
      'check that the kernel sees the whole size of the device',
    ],
  ),
  'sata-link-down': cause(
    ({ port }: { port: string }) => `no disk answers on ${port}: the SATA link is down`,
    [CABLE_AND_POWER],
  ),
  'sata-does-not-answer': cause(
    ({ port }: { port: string }) => `the disk on ${port} does not answer as it should`,
    [CABLE_AND_POWER, DO_NOT_ERASE],
  ),
  'usb-does-not-answer': cause(
    ({ port, error }: { port: string; error: LogError | null }) =>
      `the USB device on ${port} does not answer${because(error)}`,
    [CABLE_AND_POWER, 'USB disks come late: set rootwait'],
  ),
  'nvme-not-ready': cause(
    ({ device }: { device: string }) => `${device} does not become ready`,
    [CABLE_AND_POWER, 'check PCIe: reset, clock, power management (pcie_aspm=off)'],
  ),
  'disk-no-medium': cause(
    ({ device }: { device: string }) => `there is no medium in ${device}`,
    ['insert it, or correct root='],
  ),
  'partition-table': cause(
    ({ device }: { device: string | null }) =>
      `the partition table of ${deviceName(device, 'a disk')} cannot be read, or is not whole`,
    [COPY_FIRST, 'look at it with `fdisk -l` or `sgdisk -v`, which only read'],
  ),
  'verity-corrupted': cause(
    ({ device, what }: { device: string; what: string }) =>
      `dm-verity finds that ${device} is not what its hashes say: ${what}`,
    [
      'write image and hash tree that belong together, and give the root hash of that image',
      'check that nothing mounted the image writable after its hashes were made',
    ],
  ),
  'mapper-table': cause(
    ({ device, what }: { device: string | null; what: string }) =>
      `device-mapper does not accept the table${device === null ? '' : ` of ${device}`}: ${what}`,
    [
      'compare the table (dm-mod.create=) with the devices: names, sizes, root hash, salt',
      'build its target into the kernel (=y)',
      'if its devices come late, dm-mod.waitfor= names them',
    ],
  ),
  'mapper-waits': cause(
    ({ device }: { device: string | null }) =>
      `device-mapper waits for ${deviceName(device, 'a device')} of dm-mod.create=, ` +
      'which does not come',
    ['correct the name in dm-mod.create= or dm-mod.waitfor=, or build in the driver', LOOK_BEFORE],
  ),
  'driver-fails': cause(
    ({ driver, device, error }: { driver: string; device: string; error: LogError }) =>
      `the driver ${driver} does not start for ${device}${because(error)}`,
    ({ error }) => [
      error.name === 'EPROBE_DEFER'
        ? 'it waits for another driver: build in its clocks, regulators, pins and PHYs'
        : 'compare the device tree with the board, and look at the lines before',
    ],
  ),
};
