/// A change of one document, as a log of commits has it.
package struct LoggedChange: Sendable, Equatable {
  /// The collection's name.
  package let collection: String
  /// The document's `_id`, or `nil` when it has no string there.
  package let id: String?
  /// The fingerprint of the document before the change, or `nil` when the change inserted it.
  package let before: UInt64?
  /// The document after the change, as compact JSON, or `nil` when the change deleted it.
  package let after: [UInt8]?

  /// A change of these values.
  package init(collection: String, id: String?, before: UInt64?, after: [UInt8]?) {
    self.collection = collection
    self.id = id
    self.before = before
    self.after = after
  }

  /// The change in the form of a log.
  package init(_ change: Change) {
    self.init(
      collection: change.collection, id: change.id, before: change.before?.fingerprint, after: change.after?.bytes)
  }
}

/// A logged change does not fit the state to which it is applied.
package struct LoggedChangeMismatch: Error, Sendable, CustomStringConvertible {
  /// The document and its collection.
  package let description: String
}

extension LoadedCollections {
  /// Makes a change again that a log of commits has.
  ///
  /// - Throws: when the document is not as it was before the change. Nothing is changed then.
  package mutating func apply(_ change: LoggedChange) throws(LoggedChangeMismatch) { _ = try table.apply(change) }
}

extension Transaction {
  /// Makes a change again that a log of commits has.
  ///
  /// - Throws: when the document is not as it was before the change. Let the error end the transaction.
  package mutating func apply(_ change: LoggedChange) throws(LoggedChangeMismatch) {
    guard let applied = try table.apply(change) else { return }
    note(applied)
  }
}

extension CollectionTable {
  /// A change that was made in a table.
  struct Applied {
    let position: Int
    let row: Row
    let before: Document?
    let after: Document?
  }

  fileprivate mutating func apply(_ change: LoggedChange) throws(LoggedChangeMismatch) -> Applied? {
    let position = position(of: change.collection)
    let document = change.after.map(Document.init(trusted:))
    var row: Row?
    if let before = change.before {
      row = self[position].row(id: change.id, fingerprint: before)
      guard row != nil else {
        throw LoggedChangeMismatch(
          description:
            "document '\(change.id ?? "without _id")' of '\(change.collection)' is not as it was before a change")
      }
    }
    let before = row.flatMap { self[position][$0] }
    do throws(StoreError) {
      switch (row, document) {
      case (let row?, let document?): try self[position].replace(row, with: document)
      case (let row?, nil): self[position].remove(row)
      case (nil, let document?): row = try self[position].insert(document)
      case (nil, nil): return nil
      }
    } catch {
      throw LoggedChangeMismatch(description: "a change can't be made again: \(error)")
    }
    return row.map { Applied(position: position, row: $0, before: before, after: document) }
  }
}

extension DocumentCollection {
  /// The row of a document by its content before a change.
  fileprivate func row(id: String?, fingerprint: UInt64) -> Row? {
    guard let id else {
      var found: Row?
      forEach { row, document in
        if found == nil, document.id == nil, document.fingerprint == fingerprint { found = row }
      }
      return found
    }
    return candidates([(key: Self.identifier, value: id)])?.first { self[$0]?.fingerprint == fingerprint }
  }
}

extension Document {
  /// A number that tells apart versions of a document in tests of a log's fit. It protects against mistakes of this
  /// program, not against anybody who can write the log (FNV-1a, eight bytes at a time).
  fileprivate var fingerprint: UInt64 {
    bytes.withUnsafeBytes { bytes in
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(bytes.count)
      var index = 0
      while index + 8 <= bytes.count {
        hash = (hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x0000_0100_0000_01B3
        hash ^= hash >> 29
        index += 8
      }
      while index < bytes.count {
        hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
        index += 1
      }
      return hash
    }
  }
}
