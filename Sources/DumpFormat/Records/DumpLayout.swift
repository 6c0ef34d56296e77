/// The layouts of dumps, told apart by their first four bytes.
enum DumpLayout {
  case dmp1
  case dmp2

  /// Later layouts begin like this, and with a digit.
  private static let magic = Array("DMP".utf8)

  /// - Throws: `DumpFormatError` `notADump`, or `unsupportedLayout` for a later layout.
  init(of source: any DumpSource) throws(DumpFormatError) {
    let magic = try source.bytes(at: 0, count: min(source.size, Self.magic.count + 1))
    guard magic.count > Self.magic.count, magic.starts(with: Self.magic), let digit = magic.last else {
      throw DumpFormatError(.notADump)
    }
    switch digit {
    case UInt8(ascii: "1"): self = .dmp1
    case UInt8(ascii: "2"): self = .dmp2
    case UInt8(ascii: "3")...UInt8(ascii: "9"):
      throw DumpFormatError(.unsupportedLayout, "\(digit - UInt8(ascii: "0"))")
    default: throw DumpFormatError(.notADump)
    }
  }
}
