/** Where a link really leads, and whether its text says something else (THREATS ). */

/** Characters that show nothing or turn the order of what is shown. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

export function visible(text: string): string {
  return text.replace(UNSEEN, '');
}

/** Of running text: only what turns its order, or smuggles unseen words, is taken out; joined emoji stay joined. */
export function unturned(text: string): string {
  return text.replace(/[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e0fff}]/gu, '');
}

/** An http(s) address, without name and password; null for everything else. */
export function webAddress(href: string | undefined | null): URL | null {
  if (!href) return null;
  try {
    const url = new URL(href);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
    url.username = '';
    url.password = '';
    return url;
  } catch {
    return null;
  }
}

/** As it is connected to: names in other scripts stand as punycode. */
export const hostOf = (url: URL): string => url.host;

const LOOKS_LIKE_HOST = /(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+[\p{L}]{2,})(?::\d+)?(?=[/?#\s]|$)/iu;

/** The host that a link's text names, when it looks as if it named one. */
export function namedHost(text: string): string | null {
  const match = LOOKS_LIKE_HOST.exec(visible(text).trim());
  if (match?.[1] === undefined) return null;
  try {
    return new URL(`https://${match[1]}`).hostname;
  } catch {
    return null;
  }
}

/** Whether the text names another host than the one that the link leads to. */
export function misleads(text: string, url: URL): boolean {
  const named = namedHost(text);
  if (named === null) return false;
  const plain = (host: string) => host.toLowerCase().replace(/^www\./, '');
  return plain(named) !== plain(url.hostname);
}
