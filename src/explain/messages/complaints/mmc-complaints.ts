import { complains, logError } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

/** What the drivers of SD cards and eMMC say. */
export const MMC_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: /^(mmc\d+): error (-\w+) whilst initialising (SDIO|SDUC|MMC|SD|SDIO\S*) card/,
    has: ['whilst initialising'],
    source: 'drivers/mmc/core/mmc.c, sd.c: mmc_attach_mmc, mmc_attach_sd',
    tells: (seen, match, line) =>
      complains(match[3] === 'SDIO' ? 'hint' : 'reason', ([, host, error, kind]) => ({
        device: host,
        cause: { code: 'mmc-silent', host: host!, kind: kind!, error: logError(error!, seen) },
      }))(seen, match, line),
  },
  {
    pattern:
      /^(mmc\d+): (?:.*host doesn't support card's voltages|.*card claims to support voltages below|.*no support for card's volts|.*[Cc]annot verify signal voltage switch|.*[Ss]witching to (?:1\.8|3\.3)V signalling voltage failed|.*Signal voltage switch failed)/,
    has: ['volt'],
    source: 'drivers/mmc/core/core.c: mmc_select_voltage; sd.c',
    tells: complains('reason', ([, host]) => ({
      device: host,
      cause: { code: 'mmc-voltage', host: host! },
    })),
  },
  {
    pattern:
      /^(mmc\d+): ((?:unrecognised|unrecognized) \w+ (?:structure )?version .*|.*[Cc]ard is (?:password )?locked.*|.*EXT_CSD .*(?:unsupported|revision).*)$/,
    has: ['unrecogni', 'locked', 'ext_csd'],
    source: 'drivers/mmc/core/mmc.c, sd.c',
    tells: complains('reason', ([, host, what]) => ({
      device: host,
      cause: { code: 'mmc-card-refused', host: host!, what: what! },
    })),
  },
  {
    pattern:
      /^(mmc(?:blk)?\d+)(?:p\d+|boot\d)?: (?:error (-\w+) (?:transferring data|sending (?:read\/write command|status command|stop command)|requesting status|.*response)|timed out sending .*|.*(?:r\/w cmd|data) (?:timeout|CRC) error|recovery failed|.*unable to (?:set|switch) .*block)/,
    has: ['error', 'timed out', 'timeout', 'recovery failed', 'unable to'],
    source: 'drivers/mmc/core/block.c, card/block.c: mmc_blk_cmd_error, mmc_blk_err_check',
    tells: complains('medium', ([, device, error], seen) => ({
      device,
      cause: {
        code: 'mmc-transfer',
        device: device!,
        error: error === undefined ? null : logError(error, seen),
      },
    })),
  },
  {
    pattern:
      /^(mmc\d+): (?:Timeout waiting for hardware (?:cmd |)interrupt|.*[Cc]ard (?:stuck being busy|never left busy state)|.*tuning execution failed|mmc_select_\w+ failed, error -\d+|Controller never released inhibit|Reset 0x[0-9a-f]+ never completed|Failed to initialize a non-removable card|.*cache flush error|.*running CQE recovery)/i,
    has: ['timeout', 'card ', 'tuning', 'failed', 'inhibit', 'completed', 'error', 'recovery'],
    source: 'drivers/mmc/host/sdhci.c: sdhci_timeout_timer; drivers/mmc/core',
    tells: complains('medium', ([, host]) => ({
      device: host,
      cause: { code: 'mmc-unstable', host: host! },
    })),
  },
];
