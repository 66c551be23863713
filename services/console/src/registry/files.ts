/** What a registry's file may hold, and which columns are in one that was chosen. Pure, but for reading the file. */

import type { Schemas } from '../shared/http';

export type Kind = Schemas['FileKind'];

export interface Column {
  name: string;
  needed?: boolean;
}

const column = (name: string): Column => ({ name });
const needed = (name: string): Column => ({ name, needed: true });

export const COLUMNS: Record<Kind, Column[]> = {
  jurisdictions: [needed('code'), ...['name', 'name_en', 'parent', 'contact', 'head'].map(column)],
  stations: [needed('code'), needed('lat'), needed('lon'), column('name')],
  region_codes: [needed('code'), ...['unit', 'name', 'level'].map(column)],
  villages: [...['village_code', 'village', 'township_code', 'county_code'].map(needed), ...['township', 'county', 'unit'].map(column)],
  responders: [
    ...['code', 'unit', 'name'].map(needed),
    ...['grade', 'post_lat', 'post_lon', 'skills', 'languages', 'capabilities', 'family_liaison'].map(column),
  ],
};
export const KINDS = Object.keys(COLUMNS) as Kind[];
/** Kinds that begin on a day; the others hold from now on. */
export const TIMED: Kind[] = ['jurisdictions', 'stations'];

// What the same thing is often called: chosen beforehand, never insisted on.
const ALSO: Record<string, string[]> = {
  code: ['代码', '编码', '单位代码', '警号', '行政区划代码', 'id'],
  name: ['名称', '姓名', '单位名称'],
  name_en: ['英文名'],
  parent: ['上级', '上级代码'],
  contact: ['电话', '联系电话'],
  head: ['负责人'],
  unit: ['单位', '所属单位', '派出所'],
  grade: ['类别', '身份'],
  lat: ['纬度', 'latitude', 'y'],
  lon: ['经度', 'longitude', 'lng', 'x'],
  post_lat: ['岗位纬度'],
  post_lon: ['岗位经度'],
  level: ['级别', '层级'],
  skills: ['技能'],
  languages: ['语言', '方言'],
  village: ['村名', '村'],
  village_code: ['村代码'],
  township: ['乡镇'],
  township_code: ['乡镇代码'],
  county: ['县'],
  county_code: ['县代码'],
};

/** Which of the file's columns each field is most likely in. */
export function matched(kind: Kind, there: readonly string[]): Record<string, string> {
  const lower = new Map(there.map((name) => [name.trim().toLowerCase(), name]));
  const found = COLUMNS[kind].map(({ name }) => [name, [name, ...(ALSO[name] ?? [])].map((one) => lower.get(one)).find(Boolean) ?? '']);
  return Object.fromEntries(found) as Record<string, string>;
}

/** The names of the columns or properties; none where only the server can look in (XLSX, gzip). */
export async function columnsIn(file: Blob): Promise<string[]> {
  const start = new Uint8Array(await file.slice(0, 65_536).arrayBuffer());
  if ((start[0] === 0x50 && start[1] === 0x4b) || (start[0] === 0x1f && start[1] === 0x8b)) return [];
  const text = decoded(start);
  return /^\s*[{[]/.test(text) ? properties(text) : headings(text);
}

function decoded(bytes: Uint8Array): string {
  const utf8 = new TextDecoder('utf-8').decode(bytes);
  const broken = [...utf8.slice(0, -4)].filter((letter) => letter === '\ufffd').length; // the last letter may be cut
  return broken > 0 ? new TextDecoder('gb18030').decode(bytes) : utf8.replace(/^\ufeff/, '');
}

/** Of the first feature that begins in the text: the whole file may be too large to read here. */
function properties(text: string): string[] {
  const found = /"properties"\s*:\s*(\{[^{}]*\})/.exec(text)?.[1];
  try {
    return found === undefined ? [] : Object.keys(JSON.parse(found) as object);
  } catch {
    return [];
  }
}

export function headings(text: string): string[] {
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => (quoted?.replace(/""/g, '"') ?? plain ?? '').trim()).filter(Boolean);
}

export interface Branch {
  code: string;
  depth: number;
}

/** Units as a tree, written down from the top; one whose parent is not there stands at the top. */
export function treeOf(units: readonly { code: string; parent: string | null }[]): Branch[] {
  const known = new Set(units.map(({ code }) => code));
  const below = new Map<string | null, string[]>();
  for (const { code, parent } of units) {
    const under = parent !== null && known.has(parent) && parent !== code ? parent : null;
    below.set(under, [...(below.get(under) ?? []), code]);
  }
  const seen = new Set<string>();
  const walked = (under: string | null, depth: number): Branch[] =>
    (below.get(under) ?? []).sort().flatMap((code) => {
      if (seen.has(code)) return [];
      seen.add(code);
      return [{ code, depth }, ...walked(code, depth + 1)];
    });
  const tree = walked(null, 0);
  return [...tree, ...units.filter(({ code }) => !seen.has(code)).map(({ code }) => ({ code, depth: 0 }))]; // two that are each other's parent
}
