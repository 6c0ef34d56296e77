/// The bytes of a text in the spelling of `JSONWriter.content(of:)`, one after the other and without memory of its own.
package struct CompactText: IteratorProtocol {
  private let content: UnsafeRawBufferPointer
  private var position = 0

  /// - Parameter content: what stands between the quotes of a string in compact form; trusted to be that.
  package init(_ content: UnsafeRawBufferPointer) {
    self.content = content
  }

  @inline(__always)
  package mutating func next() -> UInt8? {
    guard position < content.count else { return nil }
    let byte = content[position]
    guard byte != UInt8(ascii: "\\") else { return nextEscaped() }
    position += 1
    return byte
  }

  /// An escape sequence in compact form stands for one byte.
  private mutating func nextEscaped() -> UInt8? {
    guard let (scalar, end) = try? JSONEscape.read(in: content, at: position, dialect: .strict) else { return nil }
    position = end
    return UInt8(truncatingIfNeeded: scalar.value)
  }
}
