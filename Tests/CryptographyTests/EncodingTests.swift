import Cryptography
import Testing

@Suite("Base64")
struct Base64Tests {
  @Test("has the vectors of RFC 4648, with padding and for URLs")
  func vectors() {
    for (text, standard, url) in [
      ("", "", ""), ("f", "Zg==", "Zg"), ("fo", "Zm8=", "Zm8"), ("foo", "Zm9v", "Zm9v"), ("foob", "Zm9vYg==", "Zm9vYg"),
      ("fooba", "Zm9vYmE=", "Zm9vYmE"), ("foobar", "Zm9vYmFy", "Zm9vYmFy"), ("\u{FB}\u{FF}", "w7vDvw==", "w7vDvw"),
      ("???>>>", "Pz8/Pj4+", "Pz8_Pj4-"),
    ] {
      for (base64, expected) in [(Base64.standard, standard), (.url, url)] {
        #expect(String(decoding: base64.encode(Array(text.utf8)), as: UTF8.self) == expected)
        #expect(base64.decode(Array(expected.utf8)[...]) == Array(text.utf8))
      }
    }
  }

  @Test("gives back any bytes, and reads no other spelling of them", arguments: [true, false])
  func roundTrip(isStandard: Bool) {
    let base64 = isStandard ? Base64.standard : .url
    var generator = SystemRandomNumberGenerator()
    for count in 0..<200 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let text = base64.encode(bytes)
      #expect(base64.decode(text[...]) == bytes)
      for index in text.indices {
        var other = text
        other[index] = UInt8.random(in: 0...255, using: &generator)
        if let read = base64.decode(other[...]) { #expect(base64.encode(read) == other) }
      }
    }
  }

  @Test(
    "refuses padding that is missing, too long or elsewhere, and the letters of the other alphabet",
    arguments: ["Zg", "Zg=", "Zg===", "Z===", "=", "====", "Zm9v====", "Z=m9", "Pz8_Pj4-", "Zm9v\n", " Zm9"])
  func padding(text: String) {
    #expect(Base64.standard.decode(Array(text.utf8)[...]) == nil)
  }
}

@Suite("Hexadecimal")
struct HexadecimalTests {
  @Test("gives back any bytes, and reads both cases")
  func roundTrip() {
    let bytes = Array(UInt8.min ... .max)
    let text = Hexadecimal.encode(bytes)
    #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff"))
    #expect(Hexadecimal.decode(text.utf8) == bytes)
    #expect(Hexadecimal.decode(text.uppercased().utf8) == bytes)
  }

  @Test(
    "refuses what is no number of whole bytes", arguments: ["0", "abc", "0x", "g0", "0g", " 0", "\u{FF10}0", "00\n0"])
  func refused(text: String) {
    #expect(Hexadecimal.decode(text.utf8) == nil)
  }
}
