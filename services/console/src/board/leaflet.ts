/** Leaflet, loaded only where a map is shown. */

import 'leaflet/dist/leaflet.css';
import { circle, circleMarker, geoJSON, map, type Path } from 'leaflet';
import type { Schemas } from '../shared/http';
import { me } from './me.svelte';

export interface Shown {
  look(place: Schemas['PlaceView'] | null, unit: string | null): void;
  remove(): void;
}

const SMALLEST_M = 120; // a point is drawn as a circle of so much

export function draw(box: HTMLElement, ground: Schemas['GroundView']): Shown {
  const shown = map(box, { attributionControl: false, zoomSnap: 0.25, zoomAnimation: false, fadeAnimation: false, keyboard: false });
  shown.getContainer().removeAttribute('tabindex');
  shown.setView([35, 105], 4); // nothing can be drawn before there is a view
  const areas = new Map<string, Path>();
  for (const area of ground.areas) {
    const layer = geoJSON(area.geometry as never, { style: { className: 'area' } as never });
    layer.eachLayer((part) => areas.set(area.unit, part as Path));
    layer.bindTooltip(() => me.unit(area.unit), { sticky: true }).addTo(shown);
  }
  for (const station of ground.stations) {
    circleMarker([station.lat, station.lon], { radius: 3, className: 'station' }).bindTooltip(station.name).addTo(shown);
  }
  let here: Path | undefined;
  return {
    look(place, unit) {
      here?.remove();
      for (const [code, path] of areas) path.getElement()?.classList.toggle('own', code === unit);
      const own = unit === null ? undefined : areas.get(unit);
      own?.bringToFront();
      if (own !== undefined) shown.fitBounds((own as unknown as { getBounds(): never }).getBounds(), { padding: [12, 12] });
      else if (ground.areas.length > 0) shown.fitBounds(geoJSON(ground.areas.map(({ geometry }) => geometry) as never).getBounds());
      else shown.setView([35, 105], 4);
      if (place?.lat == null || place.lon === null) return;
      here = circle([place.lat, place.lon], { radius: Math.max(SMALLEST_M, place.within_m), className: 'place' }).addTo(shown);
      if (own === undefined && ground.areas.length === 0) shown.setView([place.lat, place.lon], 12);
    },
    remove: () => shown.remove(),
  };
}
