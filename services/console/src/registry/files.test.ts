import { expect, test } from 'vitest';
import { columnsIn, headings, matched, treeOf } from './files';

test('columns are read out of a table and a map', async () => {
  expect(headings('"警号, 新",单位,"na""me",\r\nR1,P1')).toEqual(['警号, 新', '单位', 'na"me']);
  expect(await columnsIn(new Blob(['\ufeff代码,lat\n1,2']))).toEqual(['代码', 'lat']);
  expect(await columnsIn(new Blob(['{"features":[{"type":"Feature","properties":{"id":"P1","title":"a"},"geometry":']))).toEqual(['id', 'title']);
  expect(await columnsIn(new Blob([new Uint8Array([0x50, 0x4b, 3, 4])]))).toEqual([]);
  expect(await columnsIn(new Blob([new Uint8Array([0xbe, 0xaf, 0xba, 0xc5, 0x2c, 0x61, 0x0a, 0x31, 0x2c, 0x32, 0x0a])]))).toEqual(['警号', 'a']);
});

test('a column by its usual name is chosen beforehand', () => {
  expect(matched('responders', ['警号', 'Unit', '姓名', 'x'])).toMatchObject({ code: '警号', unit: 'Unit', name: '姓名', grade: '' });
});

test('units stand below their parents, and none is lost in a circle', () => {
  const one = (code: string, parent: string | null) => ({ code, parent });
  expect(treeOf([one('B', 'A'), one('A', null), one('C', 'B'), one('D', 'gone')]).map(({ code, depth }) => `${code}${depth}`)).toEqual(['A0', 'B1', 'C2', 'D0']);
  expect(treeOf([one('A', 'B'), one('B', 'A')]).map(({ code }) => code)).toEqual(['A', 'B']);
});
