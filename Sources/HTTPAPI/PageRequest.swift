/// The page of a list that a request asks for.
package struct PageRequest: Sendable {
  /// The number of the page, from 1.
  package let page: Int
  /// The largest number of rows of the page.
  package let size: Int

  /// The size of a page when the request names none.
  package static let defaultSize = 10

  /// Reads a request's query.
  ///
  /// - Parameters:
  ///   - page: the query's `page` as it came, or `nil` for 1.
  ///   - size: the query's `page_size` as it came, or `nil` for 10.
  ///   - maximumSize: `MAX_PAGE_SIZE`.
  package init(page: String?, size: String?, maximumSize: Int) throws(APIError) {
    let number = page.map { Int($0) } ?? 1
    let count = size.map { Int($0) } ?? min(Self.defaultSize, maximumSize)
    guard let number, number >= 1 else {
      throw APIError(400, "PAG001", "page must be a whole number from 1")
    }
    guard let count, (1...maximumSize).contains(count) else {
      throw APIError(400, "PAG001", "page_size must be a whole number from 1 to \(maximumSize)")
    }
    self.page = number
    self.size = count
  }

  /// The number of rows before this page. A page that is too large is past every list.
  package var offset: Int {
    let (offset, overflow) = (page - 1).multipliedReportingOverflow(by: size)
    return overflow || offset > Int(UInt32.max) ? Int(UInt32.max) : offset
  }
}
