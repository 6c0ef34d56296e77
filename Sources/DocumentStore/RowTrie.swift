import Threads

/// The number of a document in its collection. Numbers ascend and are never reused.
typealias Row = UInt32

/// A persistent array of documents by row. Copying it takes O(1). A change copies one path of nodes with 32 elements
/// each.
///
/// This is a radix trie rather than a dictionary by `_id`: rows keep the order of insertion, a document costs 8 bytes
/// here, and each index refers to it with 4 bytes.
///
/// A node is one piece of memory. A lookup follows the nodes without counting references to them, since each count is a
/// write to memory that no cache has.
struct RowTrie: Sendable {
  private var root = TrieNode.empty
  /// Levels of branches above the leaves.
  private var height = 0
  private(set) var count = 0

  init() {}

  /// Puts documents into rows 0, 1, 2 and so on.
  init(_ documents: [Document]) {
    guard !documents.isEmpty else { return }
    count = documents.count
    var turns = Turns(every: 4096)
    var level = stride(from: 0, to: count, by: TrieNode.width).map { start in
      let leaf = TrieLeaf()
      turns.count(TrieNode.width)
      for row in start..<min(start + TrieNode.width, count) { leaf.documents[row - start] = documents[row] }
      return TrieNode.leaf(leaf)
    }
    while level.count > 1 {
      level = stride(from: 0, to: level.count, by: TrieNode.width).map { start in
        let branch = TrieBranch()
        for child in start..<min(start + TrieNode.width, level.count) { branch.children[child - start] = level[child] }
        return TrieNode.branch(branch)
      }
      height += 1
    }
    root = level[0]
  }

  subscript(row: Row) -> Document? {
    guard Int(row) < capacity else { return nil }
    switch root {
    case .empty: return nil
    case .leaf(let leaf): return leaf.documents[TrieNode.slot(row, level: 0)]
    case .branch(let branch): return branch.document(row, level: height)
    }
  }

  /// Sets the document of a row, or removes it if `document` is `nil`.
  ///
  /// - Returns: the document that was there before.
  @discardableResult
  mutating func set(_ row: Row, to document: Document?) -> Document? {
    while Int(row) >= capacity {
      if case .empty = root {} else { root = .branch(TrieBranch(first: root)) }
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

  private var capacity: Int { 1 << (TrieNode.bits * (height + 1)) }

  /// Takes the node out before changing it, so that it is changed in place when no snapshot shares it.
  private static func set(_ row: Row, to document: Document?, in node: inout TrieNode, level: Int) -> Document? {
    let slot = TrieNode.slot(row, level: level)
    if level == 0 {
      var leaf = if case .leaf(let present) = node { present } else { TrieLeaf() }
      node = .empty
      if !isKnownUniquelyReferenced(&leaf) { leaf = TrieLeaf(copying: leaf) }
      let before = leaf.documents[slot]
      leaf.documents[slot] = document
      if document != nil || !leaf.isEmpty { node = .leaf(leaf) }
      return before
    }
    var branch = if case .branch(let present) = node { present } else { TrieBranch() }
    node = .empty
    if !isKnownUniquelyReferenced(&branch) { branch = TrieBranch(copying: branch) }
    let before = set(row, to: document, in: &branch.children[slot], level: level - 1)
    if document != nil || !branch.isEmpty { node = .branch(branch) }
    return before
  }

  private static func forEach(
    in node: TrieNode, base: Int, level: Int, _ body: (Row, Document) throws -> Void
  ) rethrows {
    switch node {
    case .empty: break
    case .leaf(let leaf):
      for slot in leaf.documents.indices {
        if let document = leaf.documents[slot] { try body(Row(base + slot), document) }
      }
    case .branch(let branch):
      for slot in branch.children.indices {
        try forEach(in: branch.children[slot], base: base + slot << (TrieNode.bits * level), level: level - 1, body)
      }
    }
  }
}
