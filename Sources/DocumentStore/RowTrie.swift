/// The number of a document in its collection. Numbers ascend and are never reused.
typealias Row = UInt32

/// A persistent array of documents by row. Copying it takes O(1). A change copies one path of nodes with 32 elements
/// each.
///
/// This is a radix trie rather than a dictionary by `_id`: rows keep the order of insertion, a document costs 8 bytes
/// here, and each index refers to it with 4 bytes.
struct RowTrie: Sendable {
  private enum Node: Sendable {
    case empty
    case leaf([Document?])
    case branch([Node])
  }

  private static let bits = 5
  private static let width = 1 << bits

  private var root = Node.empty
  /// Levels of branches above the leaves.
  private var height = 0
  private(set) var count = 0

  subscript(row: Row) -> Document? {
    guard Int(row) < capacity else { return nil }
    var node = root
    var level = height
    while true {
      switch node {
      case .empty: return nil
      case .leaf(let documents):
        let slot = Self.slot(row, level: 0)
        return slot < documents.count ? documents[slot] : nil
      case .branch(let children):
        let slot = Self.slot(row, level: level)
        guard slot < children.count else { return nil }
        node = children[slot]
        level -= 1
      }
    }
  }

  /// Sets the document of a row, or removes it if `document` is `nil`.
  ///
  /// - Returns: the document that was there before.
  @discardableResult
  mutating func set(_ row: Row, to document: Document?) -> Document? {
    while Int(row) >= capacity {
      if case .empty = root {} else { root = .branch([root]) }
      height += 1
    }
    let before = Self.set(row, to: document, in: &root, level: height)
    count += (document == nil ? 0 : 1) - (before == nil ? 0 : 1)
    return before
  }

  /// Calls `body` with every document in ascending order of rows.
  func forEach(_ body: (Row, Document) throws -> Void) rethrows {
    try Self.forEach(in: root, base: 0, level: height, body)
  }

  private var capacity: Int { 1 << (Self.bits * (height + 1)) }

  private static func slot(_ row: Row, level: Int) -> Int {
    Int(row) >> (bits * level) & (width - 1)
  }

  /// Takes the node's array out before changing it, so that the array is changed in place when no snapshot shares it.
  private static func set(_ row: Row, to document: Document?, in node: inout Node, level: Int) -> Document? {
    let slot = slot(row, level: level)
    if level == 0 {
      var documents: [Document?] = []
      if case .leaf(let present) = node { documents = present }
      node = .empty
      while documents.count <= slot { documents.append(nil) }
      let before = documents[slot]
      documents[slot] = document
      if document != nil || documents.contains(where: { $0 != nil }) { node = .leaf(documents) }
      return before
    }
    var children: [Node] = []
    if case .branch(let present) = node { children = present }
    node = .empty
    while children.count <= slot { children.append(.empty) }
    let before = set(row, to: document, in: &children[slot], level: level - 1)
    if document != nil || children.contains(where: { if case .empty = $0 { false } else { true } }) {
      node = .branch(children)
    }
    return before
  }

  private static func forEach(
    in node: Node, base: Int, level: Int, _ body: (Row, Document) throws -> Void
  ) rethrows {
    switch node {
    case .empty: break
    case .leaf(let documents):
      for (slot, document) in documents.enumerated() {
        if let document { try body(Row(base + slot), document) }
      }
    case .branch(let children):
      for (slot, child) in children.enumerated() {
        try forEach(in: child, base: base + slot << (bits * level), level: level - 1, body)
      }
    }
  }
}
