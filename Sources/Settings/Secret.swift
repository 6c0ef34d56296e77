/// A value that shows itself nowhere but where it is asked for by name.
package struct Secret: Sendable, Equatable {
  private let value: String

  package init(_ value: String) {
    self.value = value
  }

  package func reveal() -> String { value }

  /// Characters; what `config check` may tell.
  package var count: Int { value.unicodeScalars.count }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
