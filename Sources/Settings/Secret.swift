/// A value that no description, log or dump of a structure shows. Only `reveal` gives it.
package struct Secret: Sendable, Equatable {
  private let value: String

  package init(_ value: String) {
    self.value = value
  }

  /// The value itself.
  package func reveal() -> String { value }

  /// The number of characters, which `config check` shows.
  package var count: Int { value.unicodeScalars.count }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
