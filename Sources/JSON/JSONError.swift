/// The reason why a text is not the expected JSON, or why an update does not fit a document.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  /// The kind of error.
  package enum Code: String, Sendable {
    case empty
    case unexpectedByte
    case unexpectedEnd
    case trailingBytes
    case invalidUTF8
    case invalidEscape
    case invalidNumber
    case tooDeep
    case repeatedKey
    case notAnObject
    case invalidPath
    case typeMismatch
  }

  /// The kind of error.
  package let code: Code
  /// The position in the text, in bytes from its start. It is 0 for errors that do not concern a text.
  package let offset: Int
  private let detail: String

  /// Makes an error.
  ///
  /// - Parameter offset: the position in the text, in bytes from its start.
  package init(_ code: Code, at offset: Int = 0, _ detail: String = "") {
    self.code = code
    self.offset = offset
    self.detail = detail
  }

  package var description: String {
    switch code {
    case .empty: "the text is empty where JSON was expected"
    case .unexpectedByte: "unexpected character at byte \(offset)"
    case .unexpectedEnd: "the text ends at byte \(offset), in the middle of a value"
    case .trailingBytes: "there is more text behind the value, from byte \(offset)"
    case .invalidUTF8: "invalid UTF-8 at byte \(offset)"
    case .invalidEscape: "invalid escape sequence at byte \(offset)"
    case .invalidNumber: "invalid number at byte \(offset)"
    case .tooDeep: "arrays and objects are nested deeper than \(detail) levels at byte \(offset)"
    case .repeatedKey: "the key at byte \(offset) comes a second time in its object"
    case .notAnObject: "a JSON object was expected"
    case .invalidPath: "'\(detail)' is no path of fields"
    case .typeMismatch: detail
    }
  }

  package static func == (left: JSONError, right: JSONError) -> Bool {
    left.code == right.code && left.offset == right.offset
  }
}
