/// A node of a trie of documents.
enum TrieNode: Sendable {
  case empty
  case leaf(TrieLeaf)
  case branch(TrieBranch)

  static let bits = 5
  static let width = 1 << bits

  static func slot(_ row: Row, level: Int) -> Int {
    Int(row) >> (bits * level) & (width - 1)
  }
}

/// The documents of 32 rows.
//
// Sendable: it changes only while nobody else has a reference to it.
final class TrieLeaf: @unchecked Sendable {
  var documents: InlineArray<32, Document?>

  init() { documents = InlineArray(repeating: nil) }

  init(copying leaf: TrieLeaf) { documents = leaf.documents }

  var isEmpty: Bool { documents.indices.allSatisfy { documents[$0] == nil } }
}

/// Up to 32 nodes of the next level.
//
// Sendable: it changes only while nobody else has a reference to it.
final class TrieBranch: @unchecked Sendable {
  var children: InlineArray<32, TrieNode>

  init() { children = InlineArray(repeating: .empty) }

  init(first: TrieNode) {
    children = InlineArray(repeating: .empty)
    children[0] = first
  }

  init(copying branch: TrieBranch) { children = branch.children }

  var isEmpty: Bool {
    children.indices.allSatisfy { if case .empty = children[$0] { true } else { false } }
  }

  /// The document of a row below this branch. The branch keeps the nodes that are passed, so their references are not
  /// counted.
  func document(_ row: Row, level: Int) -> Document? {
    var branch = Unmanaged.passUnretained(self)
    var level = level
    while true {
      switch branch._withUnsafeGuaranteedRef({ $0.child(row, level) }) {
      case .empty: return nil
      case .branch(let next): branch = next
      case .leaf(let leaf): return leaf._withUnsafeGuaranteedRef { $0.documents[TrieNode.slot(row, level: 0)] }
      }
      level -= 1
    }
  }

  private enum Child {
    case empty
    case leaf(Unmanaged<TrieLeaf>)
    case branch(Unmanaged<TrieBranch>)
  }

  private func child(_ row: Row, _ level: Int) -> Child {
    switch children[TrieNode.slot(row, level: level)] {
    case .empty: .empty
    case .leaf(let leaf): .leaf(Unmanaged.passUnretained(leaf))
    case .branch(let branch): .branch(Unmanaged.passUnretained(branch))
    }
  }
}
