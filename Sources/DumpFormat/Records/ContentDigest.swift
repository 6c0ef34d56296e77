import Cryptography

/// A digest of the collections and documents of a dump, in their order. Two dumps with the same one have the same
/// content.
package struct ContentDigest {
  private let hash: SHA256Stream

  /// Begins without content.
  package init() throws { hash = try SHA256Stream() }

  /// Adds the beginning of a collection.
  package func add(group: String) throws {
    let name = Array(group.utf8)
    try hash.update(Array("g\(name.count) ".utf8) + name)
  }

  /// Adds a document.
  package func add(_ document: UnsafeRawBufferPointer) throws {
    try hash.update(Array("d\(document.count) ".utf8))
    try hash.update(document)
  }

  /// The digest so far.
  package func value() throws -> String { try hash.hexadecimal() }
}
