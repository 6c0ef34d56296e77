/// Iterates over the bytes of a text in the spelling of `JSONWriter.content(of:)`, without allocating memory.
package struct CompactText: IteratorProtocol {
  private let content: UnsafeRawBufferPointer
  private var position = 0

  /// - Parameter content: the content of a string in compact form, without its quotes. This is not checked.
  package init(_ content: UnsafeRawBufferPointer) {
    self.content = content
  }

  /// The next unescaped byte, or `nil` at the end.
  @inline(__always)
  package mutating func next() -> UInt8? {
    guard position < content.count else { return nil }
    let byte = content[position]
    guard byte != UInt8(ascii: "\\") else { return nextEscaped() }
    position += 1
    return byte
  }

  /// Reads an escape sequence. In compact form each stands for one byte.
  private mutating func nextEscaped() -> UInt8? {
    guard let (scalar, end) = try? JSONEscape.read(in: content, at: position, dialect: .strict) else { return nil }
    position = end
    return UInt8(truncatingIfNeeded: scalar.value)
  }
}
