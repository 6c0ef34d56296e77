import DocumentStore
import Model
import Synchronization

/// Follows a store, and keeps the table that belongs to the store's newest commit.
final class CurrentTable: Sendable {
  /// For event loops: the store refers weakly to what follows it, and each use of an object with weak references is
  /// slow.
  let newest: NewestTable

  /// - Parameter model: follows the same store, and began to do so earlier, so that it always is as new as a commit.
  init(following store: DocumentStore, _ model: CurrentModel, _ compiler: TableCompiler) {
    newest = NewestTable(GatewayTable(compiler.everything(model.version(), after: nil), generation: 0))
    let subscribed = store.subscribe { [weak self] commit in self?.follow(commit, model, compiler) }
    // A commit may have come before the subscription.
    newest.replace { parts in
      parts.model.sequence < subscribed.sequence ? compiler.everything(model.version(), after: parts) : nil
    }
  }

  func newestTable() -> GatewayTable { newest.table() }

  /// Runs in turn with the writers, so nothing else changes the table meanwhile.
  private func follow(_ commit: Commit, _ model: CurrentModel, _ compiler: TableCompiler) {
    let (present, version) = (newestTable().parts, model.version())
    let parts =
      if case .documents(let changes) = commit.scope, commit.sequence == present.model.sequence + 1 {
        compiler.next(present, changes, version)
      } else {
        compiler.everything(version, after: present)
      }
    newest.replace { _ in parts }
  }
}

/// The newest table, which all event loops read.
final class NewestTable: Sendable {
  private let current: Mutex<GatewayTable>
  /// The generation of the newest table. Event loops compare it with their own before each call.
  private let generation = Atomic<UInt64>(0)

  init(_ table: GatewayTable) {
    current = Mutex(table)
    generation.store(table.generation, ordering: .releasing)
  }

  func table() -> GatewayTable { current.withLock { $0 } }

  /// Whether no commit came since a table was made.
  func isNewest(_ table: GatewayTable) -> Bool { generation.load(ordering: .acquiring) == table.generation }

  /// Makes the next table.
  ///
  /// - Parameter parts: from those of the present one; `nil` to keep that.
  fileprivate func replace(_ parts: (GatewayTable.Parts) -> GatewayTable.Parts?) {
    current.withLock { table in
      guard let parts = parts(table.parts) else { return }
      table = GatewayTable(parts, generation: table.generation + 1)
      generation.store(table.generation, ordering: .releasing)
    }
  }
}
