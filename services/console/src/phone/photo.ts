/** A photo made small enough for a bad line before it is queued. The picture's place and device go with its old bytes. */

const LONGEST = 1600;
const QUALITY = 0.72;

/** JPEG of at most 1600 pixels a side. Raises where the file is no picture that this phone can read. */
export async function small(file: Blob): Promise<{ bytes: ArrayBuffer; type: string }> {
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const made = await new Promise<Blob | null>((give) => canvas.toBlob(give, 'image/jpeg', QUALITY));
  if (made === null) throw new Error('no picture');
  return { bytes: await made.arrayBuffer(), type: 'image/jpeg' };
}
