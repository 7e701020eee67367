import { describe, expect, test } from "vitest";
import { type Dtype, decodeArray, type EncodedArray } from "./wire";

const VALUES: Record<Dtype, number[]> = {
  uint8: [0, 1, 254, 255],
  uint16: [0, 1, 258, 65535],
  uint32: [0, 1, 66051, 4294967295],
  int32: [-2147483648, -1, 0, 2147483647],
  float32: [0, -1.5, Math.fround(0.1), Number.NaN],
  float64: [0, -1.5, 0.1, Number.NaN],
};
const SIZES: Record<Dtype, number> = { uint8: 1, uint16: 2, uint32: 4, int32: 4, float32: 4, float64: 8 };

/** Little-endian bytes of the values, written one at a time. */
function bytesOf(dtype: Dtype): Uint8Array {
  const size = SIZES[dtype];
  const view = new DataView(new ArrayBuffer(size * VALUES[dtype].length));
  VALUES[dtype].forEach((value, n) => {
    if (dtype === "uint8") view.setUint8(n, value);
    else if (dtype === "uint16") view.setUint16(2 * n, value, true);
    else if (dtype === "uint32") view.setUint32(4 * n, value, true);
    else if (dtype === "int32") view.setInt32(4 * n, value, true);
    else if (dtype === "float32") view.setFloat32(4 * n, value, true);
    else view.setFloat64(8 * n, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** The bytes somewhere inside a longer buffer, among others. */
function inside(bytes: Uint8Array, offset: number): Uint8Array {
  const long = new Uint8Array(bytes.length + 32).fill(0xa5);
  long.set(bytes, offset);
  return new Uint8Array(long.buffer, offset, bytes.length);
}

const DTYPES = Object.keys(VALUES) as Dtype[];

describe.each(DTYPES)("%s", (dtype) => {
  const bytes = bytesOf(dtype);

  test.each([0, 1, 3, 8, 13])("at byte offset %i, as DataView and as Uint8Array", (offset) => {
    const part = inside(bytes, offset);
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
    for (const data of [part, view]) {
      const found = decodeArray({ dtype, shape: [2, 2], data }, dtype);
      expect([...found]).toEqual(VALUES[dtype]);
    }
  });

  test("from a whole ArrayBuffer", () => {
    expect([...decodeArray({ dtype, shape: [4], data: bytes.slice().buffer }, dtype)]).toEqual(VALUES[dtype]);
  });

  test("what is decoded is a copy", () => {
    const data = bytes.slice();
    const found = decodeArray({ dtype, shape: [4], data }, dtype);
    data.fill(0);
    expect([...found]).toEqual(VALUES[dtype]);
  });

  test.each(DTYPES.filter((other) => other !== dtype))("is not %s", (other) => {
    expect(() => decodeArray({ dtype, shape: [4], data: bytes }, other)).toThrow(TypeError);
    expect(() => decodeArray({ dtype, shape: [4], data: bytes }, other)).toThrow(
      `expected an array of ${other}, got ${dtype}`,
    );
  });
});

describe("shapes", () => {
  const encoded = (shape: number[], length: number): EncodedArray => ({
    dtype: "uint16",
    shape,
    data: new Uint8Array(length),
  });

  test.each([
    [[3, 2], 10],
    [[3, 2], 14],
    [[], 4],
    [[0], 2],
  ])("%j of %i bytes is refused", (shape, length) => {
    expect(() => decodeArray(encoded(shape, length), "uint16")).toThrow(RangeError);
  });

  test("half an element is refused", () => {
    expect(() => decodeArray(encoded([2], 5), "uint16")).toThrow("multiple of 2");
  });

  test("nothing at all is fine", () => {
    expect(decodeArray(encoded([0, 7], 0), "uint16").length).toBe(0);
  });
});
