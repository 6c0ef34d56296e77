/// A key string as operators give it (`MEM_ENCRYPTION_KEY`). It shows itself nowhere.
package struct DumpKey: Sendable, Equatable {
  let string: String

  package init(_ string: String) {
    self.string = string
  }

  /// By bytes, as a dump's key is derived from them: spellings that Unicode regards as equivalent are two keys.
  package static func == (left: DumpKey, right: DumpKey) -> Bool {
    left.string.utf8.elementsEqual(right.string.utf8)
  }
}

extension DumpKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The key that seals new dumps, and older ones that only open.
package struct DumpKeyring: Sendable {
  package let sealing: DumpKey
  package let older: [DumpKey]

  package init(sealing: DumpKey, older: [DumpKey] = []) {
    self.sealing = sealing
    self.older = older
  }

  /// In the order in which they are tried.
  package var all: [DumpKey] { [sealing] + older }
}
