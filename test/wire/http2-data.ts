const prefaceBytes = 24; // RFC 9113 section 3.4, sent by the client only
const frameHeaderBytes = 9; // RFC 9113 section 4.1
const dataFrame = 0x0;
const paddedFlag = 0x8;

/**
 * Joins the DATA payloads of every stream in one direction of an HTTP/2 connection (RFC 9113). Messages larger than a
 * frame are split by frame headers on the wire; a search for content has to look at what the receiver sees.
 */
export function dataByStream(bytes: Uint8Array, fromClient: boolean): Map<number, Buffer> {
  const pieces = new Map<number, Buffer[]>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = fromClient ? prefaceBytes : 0;
  while (at + frameHeaderBytes <= bytes.byteLength) {
    const length = (view.getUint8(at) << 16) | view.getUint16(at + 1);
    const type = view.getUint8(at + 3);
    const flags = view.getUint8(at + 4);
    const stream = view.getUint32(at + 5) & 0x7fffffff;
    const start = at + frameHeaderBytes;
    if (type === dataFrame) {
      const padding = flags & paddedFlag ? view.getUint8(start) : 0;
      const skip = flags & paddedFlag ? 1 : 0;
      const payload = Buffer.from(bytes.subarray(start + skip, start + length - padding));
      pieces.set(stream, [...(pieces.get(stream) ?? []), payload]);
    }
    at = start + length;
  }
  return new Map([...pieces].map(([stream, parts]) => [stream, Buffer.concat(parts)]));
}
