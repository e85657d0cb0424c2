import t from 'tap';
import { problemSentence, type FactsProblem } from '../../../src/text/problem-text.js';
import { DEFAULTS, keepPath } from '../../../src/facts/setting-rows.js';
import { configure, overlaid } from '../../../src/facts/settings.js';

const configured = (sources: {
  commandLine?: string;
  file?: string | null;
  flags?: string[];
}): ReturnType<typeof configure> & { problems: string[] } => {
  const problems: FactsProblem[] = [];
  return {
    ...configure({ commandLine: '', file: null, flags: [], ...sources }, problems),
    problems: problems.map(problemSentence),
  };
};

t.test('precedence: flag, kernel command line, fstools_overlay_name=, file, default', async (t) => {
  const file = '{"volume":"file"}';
  t.equal(configured({}).settings.volume, 'rootfs_data');
  t.match(configured({ file }), {
    settings: { volume: 'file' },
    origins: { volume: '/etc/mountroot.json' },
  });
  t.match(configured({ file, commandLine: 'fstools_overlay_name=fstools' }), {
    settings: { volume: 'fstools' },
    origins: { volume: 'fstools_overlay_name' },
  });
  t.match(configured({ file, commandLine: 'mountroot.volume=ours fstools_overlay_name=fstools' }), {
    settings: { volume: 'ours' },
    origins: { volume: 'mountroot' },
  });
  t.match(configured({ file, commandLine: 'mountroot.volume=ours', flags: ['volume=flag'] }), {
    settings: { volume: 'flag' },
    origins: { volume: 'flag' },
  });
});

t.test(
  'the image and the command line say who goes first; the volume, not yet mounted, cannot',
  async (t) => {
    t.equal(configured({}).settings.first, 'agent');
    t.match(configured({ file: '{"first": "script"}' }), {
      settings: { first: 'script' },
      origins: { first: '/etc/mountroot.json' },
      problems: [],
    });
    t.match(configured({ file: '{"first": "script"}', commandLine: 'mountroot.first=agent' }), {
      settings: { first: 'agent' },
      origins: { first: 'mountroot' },
    });
    t.match(configured({ commandLine: 'mountroot.first=node' }), {
      settings: { first: 'agent' },
      problems: [/sets first to "node", which is not "agent" or "script"; "agent" holds/],
    });
    t.equal(
      overlaid(configured({}), '/overlay/upper/etc/mountroot.json', '{"first": "script"}', [])
        .settings.first,
      'agent',
    );
  },
);

t.test(
  'words on the command line become numbers and lists, and dashes become underscores',
  async (t) => {
    t.match(
      configured({
        commandLine:
          'mountroot.boot-limit=3 mountroot.wait=0 mountroot.keep=/etc/a,/etc/b ' +
          'mountroot.watchdog=/dev/watchdog0',
      }),
      {
        settings: {
          boot_limit: 3,
          wait: 0,
          keep: ['/etc/a', '/etc/b'],
          watchdog: '/dev/watchdog0',
        },
        problems: [],
      },
    );
  },
);

t.test('an invalid value is reported in a sentence, and the next weaker value holds', async (t) => {
  const cases: [Parameters<typeof configured>[0], RegExp][] = [
    [{ file: '{' }, /^\/etc\/mountroot.json is not JSON .*; none of it holds$/],
    [{ file: '[]' }, /is a list and should be an object/],
    [{ file: 'null' }, /is no object/],
    [
      { file: '{"colour":"blue"}' },
      /has a setting "colour" that there is not; known are volume, wait,/,
    ],
    [
      { file: '{"wait":-1}' },
      /sets wait to -1, which is not a whole number from 0 to 600; 10 holds/,
    ],
    [{ file: '{"wait":"1e3"}' }, /sets wait to "1e3"/],
    [
      { commandLine: 'mountroot.volume=' },
      /sets volume to "", which is not the name of a volume; "rootfs_data" holds/,
    ],
    [{ commandLine: 'mountroot.watchdog=/etc/passwd' }, /which is not a path below \/dev/],
    [
      { file: '{"keep":["/etc/../../x"]}' },
      /which is not a list of absolute paths without \. and \.\./,
    ],
    [
      { flags: ['extroot_target=half'] },
      /--set sets extroot_target to "half", which is not "overlay" or "root"/,
    ],
  ];
  for (const [sources, says] of cases) {
    const { settings, problems } = configured(sources);
    t.equal(problems.length, 1);
    t.match(problems[0], says);
    t.same(settings, DEFAULTS);
  }
});

t.test(
  'settings on the data volume change later decisions, and never override the command line',
  async (t) => {
    const chosen = configured({ commandLine: 'mountroot.boot_limit=9' });
    const problems: FactsProblem[] = [];
    const { settings } = overlaid(
      chosen,
      'inner',
      '{"volume":"elsewhere","watchdog":"/dev/null","boot_limit":1,"extroot":"LABEL=x",' +
        '"keep":["/etc/y"]}',
      problems,
    );
    t.match(settings, {
      volume: 'rootfs_data',
      watchdog: '',
      boot_limit: 9,
      extroot: 'LABEL=x',
      keep: ['/etc/y'],
    });
    t.same(chosen.settings.extroot, '', 'and leave what was chosen before as it is');
  },
);

t.test(
  'a path to keep is normalised, and is null unless it is plain and below the root',
  async (t) => {
    t.equal(keepPath('/etc//config/'), '/etc/config');
    for (const path of ['', '/', 'etc', '/etc/../x', '/./etc', '/a\0b', 7, null])
      t.equal(keepPath(path), null, String(path));
  },
);
