/// A key string as operators give it (`MEM_ENCRYPTION_KEY`). It shows itself nowhere.
package struct DumpKey: Sendable, Equatable {
  let string: String

  /// A key of this string.
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
  /// A mirror that shows nothing.
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The key that seals new dumps, and older ones that only open.
package struct DumpKeyring: Sendable, Equatable {
  /// The key that encrypts new dumps.
  package let sealing: DumpKey
  /// Further keys that decrypt older dumps.
  package let older: [DumpKey]

  /// A keyring.
  package init(sealing: DumpKey, older: [DumpKey] = []) {
    self.sealing = sealing
    self.older = older
  }

  /// In the order in which they are tried.
  package var all: [DumpKey] { [sealing] + older }

  /// The key that encrypts, alone.
  package var newest: DumpKeyring { DumpKeyring(sealing: sealing) }

  /// A keyring in place of this one. It decrypts with the keys of this one, too: files may still need them.
  package func replaced(by new: DumpKeyring) -> DumpKeyring {
    var older = new.older
    for key in all where key != new.sealing && !older.contains(key) { older.append(key) }
    return DumpKeyring(sealing: new.sealing, older: older)
  }
}
