/// Reads documents from a snapshot, or within a transaction, which sees its own changes.
package protocol DocumentReader {
  /// The contents of one collection, for the functions below. A collection that does not exist is empty.
  func contents(of collection: String) -> CollectionContents
  /// The first document in the order of insertion with this string in a top-level field, or `nil` when there is none.
  /// Costs less than a filter, whose fields are a list.
  func first(in collection: String, where field: String, is value: String) -> Document?
}

/// A collection as a reader sees it; opaque outside the store.
package struct CollectionContents: Sendable {
  let collection: DocumentCollection?
}

extension DocumentReader {
  /// All matching documents in the order of insertion.
  package func find(in collection: String, _ filter: Filter) -> [Document] {
    matches(in: collection, filter).map(\.document)
  }

  /// The first matching document in the order of insertion, or `nil` when none matches.
  package func first(in collection: String, _ filter: Filter) -> Document? {
    guard let contents = contents(of: collection).collection else { return nil }
    if case .fields(let values) = filter, values.count == 1,
      let position = contents.index(ofOnly: values[0].key)
    {
      return contents.first(in: position, values[0].value)
    }
    if let rows = filter.candidates(in: contents) {
      for row in rows {
        if let document = contents[row], filter.matches(document) { return document }
      }
      return nil
    }
    return matches(in: collection, filter).first?.document
  }

  /// The number of documents in a collection, 0 when it does not exist.
  package func count(in collection: String) -> Int {
    contents(of: collection).collection?.count ?? 0
  }

  /// The number of matching documents.
  package func count(in collection: String, _ filter: Filter) -> Int {
    matches(in: collection, filter).count
  }

  /// One page of a collection.
  ///
  /// - Parameters:
  ///   - order: fast when the collection's schema declares it.
  ///   - offset: the number of documents before the page.
  ///   - limit: the largest number of documents on the page.
  ///   - hidden: matches documents that are left out of the page and of the total.
  /// - Returns: the page's documents, and the number of documents on all pages.
  package func page(
    of collection: String, by order: CollectionSchema.Order, offset: Int, limit: Int, hiding hidden: Filter? = nil
  ) -> (documents: [Document], total: Int) {
    guard let contents = contents(of: collection).collection else { return ([], 0) }
    let hiddenRows = hidden.map { matches(in: collection, $0).map(\.row) } ?? []
    let documents = contents.page(order, offset: offset, limit: limit, hiding: hiddenRows)
    return (documents, contents.count - hiddenRows.count)
  }

  func matches(in collection: String, _ filter: Filter) -> [(row: Row, document: Document)] {
    guard let contents = contents(of: collection).collection else { return [] }
    if let rows = filter.candidates(in: contents) {
      return rows.compactMap { row in
        contents[row].flatMap { filter.matches($0) ? (row, $0) : nil }
      }
    }
    var matches: [(row: Row, document: Document)] = []
    contents.forEach { if filter.matches($1) { matches.append(($0, $1)) } }
    return matches
  }
}
