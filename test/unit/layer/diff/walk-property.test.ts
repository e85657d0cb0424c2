/** Random images and views of them, which the walk must compare exactly. */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { asView, viewDiff } from '../../../fixtures/view-diff.js';
import { WHITEOUT, diff, entries, noted, type Notes } from './walking.js';

/**
 * A tree by path; null is a directory. An entry whose parents are missing or are files is left out.
 */
type Model = Record<string, string | null>;
const tree = fc.dictionary(
  fc
    .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join('/')),
  fc.option(fc.constantFrom('x', 'y', 'zz')),
  { maxKeys: 14 },
);

function fitting(model: Model): [path: string, content: string | null][] {
  const kept = new Map<string, string | null>();
  for (const path of Object.keys(model).sort())
    if (!path.includes('/') || kept.get(dirname(path)) === null) kept.set(path, model[path]!);
  return [...kept];
}

function make(top: string, model: Model): void {
  fs.mkdirSync(top);
  for (const [path, content] of fitting(model)) {
    if (content === null) fs.mkdirSync(`${top}/${path}`);
    else {
      fs.writeFileSync(`${top}/${path}`, content);
      fs.lutimesSync(`${top}/${path}`, 1, 1);
    }
  }
}

const isBelow = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path.startsWith(`${folder}/`));

/**
 * An upper layer that turns the image into the view, in overlay's form; `opaque` says which
 * directories it replaces completely. Returns the attributes of its files.
 */
function layer(upper: string, rom: Model, view: Model, opaque: (path: string) => boolean): Notes {
  const notes: Notes = new Map();
  const [below, above] = [new Map(fitting(rom)), new Map(fitting(view))];
  fs.mkdirSync(upper);
  const hidden: string[] = [];
  const addDirectory = (path: string): void => {
    fs.mkdirSync(`${upper}/${path}`);
    const merges = !isBelow(path, hidden) && below.get(path) === null;
    if (merges && !opaque(path)) return;
    if (merges) notes.set(`${upper}/${path}`, { 'trusted.overlay.opaque': 'y' });
    hidden.push(path);
  };
  for (const [path, content] of above) {
    if (content === null) addDirectory(path);
    // There may be an identical copy of the image's file too.
    else if (below.get(path) !== content || isBelow(path, hidden) || path.length % 2 === 0) {
      fs.writeFileSync(`${upper}/${path}`, content);
      fs.lutimesSync(`${upper}/${path}`, 1, 1);
    }
  }
  for (const path of below.keys()) {
    const parent = path.includes('/') ? dirname(path) : '';
    const parentShows = parent === '' || above.get(parent) === null;
    if (above.has(path) || !parentShows || isBelow(path, hidden)) continue;
    fs.symlinkSync(WHITEOUT, `${upper}/${path}`);
    notes.set(`${upper}/${path}`, { 'trusted.overlay.whiteout': 'y' });
  }
  return notes;
}

t.test('for any image and any view of it diff names the exact differences', async (t) => {
  const top = fs.realpathSync(t.testdir({}));
  let number = 0;
  fc.assert(
    fc.property(tree, tree, fc.func(fc.boolean()), (rom, view, opaque) => {
      const at = `${top}/${number++}`;
      fs.mkdirSync(at);
      make(`${at}/rom`, rom);
      make(`${at}/view`, view);
      const notes = layer(`${at}/upper`, rom, view, opaque);
      t.same(
        asView(entries(diff(`${at}/upper`, `${at}/rom`, { attributes: noted(notes) }))),
        viewDiff(`${at}/rom`, `${at}/view`),
      );
      fs.rmSync(at, { recursive: true });
    }),
    { numRuns: 100 },
  );
});
