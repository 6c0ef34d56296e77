import DocumentStore
import Model
import Synchronization

/// Follows a store, and has the table that belongs to the store's newest commit.
final class CurrentTable: Sendable {
  private let current: Mutex<GatewayTable>
  /// The generation of the newest table. Event loops compare it with their own before each call.
  private let newest = Atomic<UInt64>(0)

  /// - Parameter model: follows the same store, and began to do so earlier, so that it always is as new as a commit.
  init(following store: DocumentStore, _ model: CurrentModel, _ compiler: TableCompiler) {
    current = Mutex(GatewayTable(compiler.everything(model.version(), after: nil), generation: 0))
    let subscribed = store.subscribe { [weak self] commit in self?.follow(commit, model, compiler) }
    current.withLock { table in
      // A commit may have come before the subscription.
      if table.model.sequence < subscribed.sequence {
        replace(&table, compiler.everything(model.version(), after: table.parts))
      }
    }
  }

  /// The newest table. It differs from `table` only if a commit came since.
  func refresh(_ table: inout GatewayTable) {
    if newest.load(ordering: .acquiring) != table.generation { table = newestTable() }
  }

  func newestTable() -> GatewayTable { current.withLock { $0 } }

  /// Runs in turn with the writers, so nothing else changes the table meanwhile.
  private func follow(_ commit: Commit, _ model: CurrentModel, _ compiler: TableCompiler) {
    let (present, version) = (newestTable().parts, model.version())
    if case .documents(let changes) = commit.scope, commit.sequence == present.model.sequence + 1 {
      publish(compiler.next(present, changes, version))
    } else {
      publish(compiler.everything(version, after: present))
    }
  }

  private func publish(_ parts: GatewayTable.Parts) {
    current.withLock { replace(&$0, parts) }
  }

  private func replace(_ table: inout GatewayTable, _ parts: GatewayTable.Parts) {
    let generation = table.generation + 1
    table = GatewayTable(parts, generation: generation)
    newest.store(generation, ordering: .releasing)
  }
}
