import Glibc

/// Why bytes are no dump that can be read, or could not be written as one.
package struct DumpFormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of an error.
  package enum Code: String, Sendable {
    case notADump
    case truncated
    /// No key authenticates it. In DMP1 that can't be told from damage.
    case damagedOrWrongKey
    /// None of the keys is the one that it was encrypted with.
    case noKey
    /// The key is there, and the bytes are not those that were written.
    case damaged
    case malformedContent
    /// It begins as a dump of a later layout.
    case unsupportedLayout
    case unsupportedVersion
    case recordTooLarge
    case wrongOrder
    case cryptography
    case inputOutput
    case cancelled
  }

  /// The kind of the error.
  package let code: Code
  private let detail: String

  init(_ code: Code, _ detail: String = "") {
    self.code = code
    self.detail = detail
  }

  /// Whether it says nothing of the file, but what kept it from being read.
  package var isOfReading: Bool { code == .inputOutput || code == .cryptography }

  /// An error of reading, from the system's number.
  package init(errno number: Int32) {
    self.init(.inputOutput, String(cString: strerror(number)))
  }

  package var description: String {
    switch code {
    case .notADump: "it is no dump: it does not begin as one"
    case .truncated: "it is cut off: it is shorter than the smallest dump"
    case .damagedOrWrongKey:
      "it can't be decrypted: the file is damaged or cut off, or MEM_ENCRYPTION_KEY (and MEM_ENCRYPTION_KEYS_OLD) is not the key that it was encrypted with"
    case .noKey:
      "none of the keys in MEM_ENCRYPTION_KEY and MEM_ENCRYPTION_KEYS_OLD is the one that it was encrypted with\(detail)"
    case .damaged: "it is damaged or cut off: \(detail)"
    case .malformedContent: "it opens, but its content is not that of a dump: \(detail)"
    case .unsupportedLayout:
      "it begins as a dump of layout \(detail), which this program does not know; use a newer one"
    case .unsupportedVersion:
      "it opens, but its content has version \(detail), which this program does not know; use a newer one"
    case .recordTooLarge: "it holds a document of more than \(detail) bytes, which no restore would take"
    case .wrongOrder: "it was put together wrongly, which is a fault of this program: \(detail)"
    case .cryptography: "the cryptographic library refused: \(detail)"
    case .inputOutput: "it can't be read: \(detail)"
    case .cancelled: "reading it was given up before its end"
    }
  }
}

extension DumpFormatError {
  static func library(_ what: String) -> DumpFormatError { DumpFormatError(.cryptography, what) }
}
