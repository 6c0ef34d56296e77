package import DocumentStore
package import JSON

/// Which page of a list is asked for.
package struct PageRequest: Sendable {
  /// From 1.
  package let page: Int
  package let size: Int

  package static let defaultSize = 10

  /// - Parameters:
  ///   - page: the query's `page` as it came; absent: 1.
  ///   - size: the query's `page_size` as it came; absent: 10.
  ///   - maximumSize: `MAX_PAGE_SIZE`.
  package init(page: String?, size: String?, maximumSize: Int) throws(Refusal) {
    let number = page.map { Int($0) } ?? 1
    let count = size.map { Int($0) } ?? min(Self.defaultSize, maximumSize)
    guard let number, number >= 1 else {
      throw Refusal(400, "PAG001", "page must be a whole number from 1")
    }
    guard let count, (1...maximumSize).contains(count) else {
      throw Refusal(400, "PAG001", "page_size must be a whole number from 1 to \(maximumSize)")
    }
    self.page = number
    self.size = count
  }

  /// Rows before this page; an absurd page is past every list.
  var offset: Int {
    let (offset, overflow) = (page - 1).multipliedReportingOverflow(by: size)
    return overflow || offset > Int(UInt32.max) ? Int(UInt32.max) : offset
  }

  /// One page of a collection in the contract's shape.
  ///
  /// - Parameters:
  ///   - key: the resource's plural, under which the rows stand.
  ///   - shape: what of a document is shown.
  package func list(
    _ key: String, of collection: String, by order: CollectionSchema.Order, hiding hidden: Filter? = nil,
    in reader: some DocumentReader, shape: (JSONObject) -> JSONObject = { $0.removing("_id") }
  ) -> JSONObject {
    let (documents, total) = reader.page(of: collection, by: order, offset: offset, limit: size, hiding: hidden)
    return [
      key: .array(documents.map { .object(shape($0.object)) }),
      "page": .integer(page),
      "page_size": .integer(size),
      "has_next": .bool(offset + documents.count < total),
      "total": .integer(total),
    ]
  }
}
