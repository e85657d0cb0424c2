/** The boards to ask, by their names for ssh. */

/** The limit for one command. Nobody has more boards. */
const MOST = 10_000;
const LONGEST = 255;

const USER = /[A-Za-z0-9_.+\\][\w.+\\@=-]*@/;
const NAME_OR_ADDRESS = /[A-Za-z0-9_.:][\w.:%-]*/;
const IPV6_IN_BRACKETS = /\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\](?::\d{1,5})?/;

/**
 * The name of a host: an alias, a name or an address, with a user before it, or ssh's own URI. A
 * leading dash would be an option to ssh. A configuration may pass a name to a shell (ProxyCommand
 * with %h), so characters that are special to a shell are refused.
 */
const HOST = new RegExp(
  `^(?:ssh://)?(?:${USER.source})?(?:${NAME_OR_ADDRESS.source}|${IPV6_IN_BRACKETS.source})$`,
);

/** The reason why a name is invalid; null if it is valid. */
export function hostTrouble(name: string): string | null {
  const shown = JSON.stringify(name.replace(/[^\x20-\x7e]/g, '?').slice(0, 60));
  if (name === '') return 'a host has no name';
  if (/^-|@-|\/\/-/.test(name))
    return (
      `${shown} cannot be a host, ` + 'because ssh would take what begins with a dash for an option'
    );
  if (name.length > LONGEST || !HOST.test(name))
    return (
      `${shown} cannot be a host: give an alias of ssh's configuration, a name or an address, ` +
      'with USER@ before it where need be'
    );
  return null;
}

/** Parses a list of hosts, one per line, with remarks after #. @throws {Error} with the line. */
export function parseHosts(text: string, file: string): string[] {
  const hosts = text.split('\n').flatMap((line, index) => {
    const host = line.replace(/(^|\s)#.*$/s, '').trim();
    if (host === '') return [];
    const trouble = hostTrouble(host);
    if (trouble !== null) throw new Error(`line ${index + 1} of ${file}: ${trouble}`);
    return [host];
  });
  if (hosts.length === 0) throw new Error(`there is no host in ${file}; it takes one a line`);
  return hosts;
}

/** Each host once, in the order given. @throws {Error} for one that cannot be used. */
export function chosenHosts(named: readonly string[]): string[] {
  for (const host of named) {
    const trouble = hostTrouble(host);
    if (trouble !== null) throw new Error(trouble);
  }
  const hosts = [...new Set(named)];
  if (hosts.length > MOST)
    throw new Error(`${hosts.length} hosts are more than can be asked at once (${MOST})`);
  return hosts;
}
