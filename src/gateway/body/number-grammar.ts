// The grammar of JSON numbers (RFC 8259, section 6) as a state machine that can stop at any byte.

export const numberStart = 0;
const afterMinus = 1;
const afterZero = 2;
/** Digits before the point. */
const inInteger = 3;
const afterPoint = 4;
const inFraction = 5;
const afterE = 6;
const afterExponentSign = 7;
const inExponent = 8;

/** The number is whole, and the byte is no part of it. */
export const numberEnded = 9;
/** The byte can't stand here and the number is not whole. */
export const numberBroken = 10;

/** The state after `byte`. */
export function nextNumberState(state: number, byte: number): number {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  switch (state) {
    case inInteger:
      if (isDigit) return inInteger;
      return afterDigits(byte);
    case inFraction:
      if (isDigit) return inFraction;
      return isE(byte) ? afterE : numberEnded;
    case inExponent:
      return isDigit ? inExponent : numberEnded;
    case numberStart:
      if (byte === 0x2d) return afterMinus;
      return firstDigit(byte);
    case afterMinus:
      return firstDigit(byte);
    case afterZero:
      // "01" ends the number after the 0; the 1 is then refused by whoever reads on.
      return afterDigits(byte);
    case afterPoint:
      return isDigit ? inFraction : numberBroken;
    case afterE:
      if (byte === 0x2b || byte === 0x2d) return afterExponentSign;
      return isDigit ? inExponent : numberBroken;
    default:
      return isDigit ? inExponent : numberBroken;
  }
}

function firstDigit(byte: number): number {
  if (byte === 0x30) return afterZero;
  return byte > 0x30 && byte <= 0x39 ? inInteger : numberBroken;
}

function afterDigits(byte: number): number {
  if (byte === 0x2e) return afterPoint;
  return isE(byte) ? afterE : numberEnded;
}

function isE(byte: number): boolean {
  return byte === 0x65 || byte === 0x45;
}
