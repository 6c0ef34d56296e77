import NIOCore

/// The extensions of a chunk (RFC 9112, section 7.1.1), which mean nothing to the gateway. They have to be valid, so
/// that no other reader finds the end of the line elsewhere.
enum ChunkExtensions {
  private enum State {
    /// An extension is complete, or there was none.
    case complete
    case name(isEmpty: Bool)
    case value(isEmpty: Bool)
    case quoted
  }

  /// Whether the rest of a line behind a chunk's size is `;name`, `;name=token` or `;name="text"`, any number of times.
  static func areValid(_ rest: ByteBufferView) -> Bool {
    var state = State.complete
    for byte in rest {
      guard let next = next(state, byte) else { return false }
      state = next
    }
    switch state {
    case .complete, .name(isEmpty: false), .value(isEmpty: false): return true
    case .name(isEmpty: true), .value(isEmpty: true), .quoted: return false
    }
  }

  private static func next(_ state: State, _ byte: UInt8) -> State? {
    switch (state, byte) {
    case (.complete, UInt8(ascii: ";")), (.name(isEmpty: false), UInt8(ascii: ";")),
      (.value(isEmpty: false), UInt8(ascii: ";")):
      .name(isEmpty: true)
    case (.name(isEmpty: false), UInt8(ascii: "=")): .value(isEmpty: true)
    case (.value(isEmpty: true), UInt8(ascii: "\"")): .quoted
    case (.quoted, UInt8(ascii: "\"")): .complete
    case (.quoted, UInt8(ascii: "\\")): nil
    case (.quoted, 0x20...0x7E), (.quoted, 0x09): .quoted
    case (.name, _) where RequestHeadNames.isToken(byte): .name(isEmpty: false)
    case (.value, _) where RequestHeadNames.isToken(byte): .value(isEmpty: false)
    default: nil
    }
  }
}
