/** Links into the map apps of a phone. The api's point is WGS-84; each app is told so in its own way and converts by itself. */

import type { Key } from '../shared/words.svelte';

export interface Goal {
  lat: number | null;
  lon: number | null;
  address: string | null;
}

export interface Way {
  name: 'system' | 'amap' | 'baidu';
  label: Key;
  url: string;
}

const KEPT = 'quanzu.map';

/** Every app that can lead there; by the address alone where no point is known, none where neither is. */
export function ways({ lat, lon, address }: Goal): Way[] {
  const said = encodeURIComponent(address ?? '');
  if (lat === null || lon === null) {
    if (said === '') return [];
    return [
      { name: 'system', label: 'phone.map_system', url: `geo:0,0?q=${said}` },
      { name: 'amap', label: 'phone.map_amap', url: `androidamap://keywordNavi?sourceApplication=quanzu&keyword=${said}&style=2` },
      { name: 'baidu', label: 'phone.map_baidu', url: `baidumap://map/geocoder?src=quanzu&address=${said}` },
    ];
  }
  const label = said === '' ? '' : `(${said})`;
  return [
    { name: 'system', label: 'phone.map_system', url: `geo:${lat},${lon}?q=${lat},${lon}${label}` },
    { name: 'amap', label: 'phone.map_amap', url: `amapuri://route/plan/?dlat=${lat}&dlon=${lon}&dname=${said}&dev=1&t=0` },
    { name: 'baidu', label: 'phone.map_baidu', url: `baidumap://map/direction?destination=${lat},${lon}&coord_type=wgs84&mode=driving&src=quanzu` },
  ];
}

/** The app that this phone's owner chose last. */
export function chosenMap(): string {
  return localStorage.getItem(KEPT) ?? 'system';
}

export function chooseMap(name: string): void {
  localStorage.setItem(KEPT, name);
}

/** A number as `tel:` takes it; null where it is masked or none. */
export function callable(number: string | null | undefined): string | null {
  if (number == null || number.includes('*')) return null;
  const digits = number.replace(/[^\d+#]/g, '');
  return digits.length < 3 ? null : `tel:${digits}`;
}
