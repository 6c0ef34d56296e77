import TestSupport
import TortureModel

/// The documents of one client, as far as the answers tell, and its next change to them.
struct OwnDocuments {
  private struct Document {
    let resource: Resource
    let name: String
    /// The number of documents that the client created below it, or tried to.
    var below = 0
  }

  private let client: Int
  private var count = 0
  private var documents: [Document] = []
  /// The creation that is under way.
  private var created: Document?

  /// - Parameter client: its number among the clients of its task.
  init(of client: Int) { self.client = client }

  /// Leaves all documents as they are, because another process may have another state.
  mutating func forget() { documents = [] }

  /// Draws a change.
  ///
  /// - Parameter run: the process that gets it. No two processes, clients and changes have a name in common.
  mutating func nextChange(run: Int, using generator: inout SeededGenerator) -> Change {
    count += 1
    let drawn = Int.random(in: 0..<100, using: &generator)
    if drawn < 18, let document = documents.randomElement(using: &generator) {
      return .update(document.resource, document.name, "changed \(count)")
    }
    if drawn < 28, let index = documents.indices.randomElement(using: &generator) {
      let document = documents.remove(at: index)
      return .delete(document.resource, document.name)
    }
    if drawn < 48, let change = addition(using: &generator) { return change }
    let resource: Resource =
      switch drawn {
      case ..<58: .role
      case ..<70: .api
      // The hash of a password takes a core for a fifth of a second.
      case 70: .user
      default: .group
      }
    let document = Document(resource: resource, name: resource.name("r\(run)-w\(client)-\(count)"))
    created = document
    return .create(resource, document.name, "made \(count)")
  }

  /// Draws a document below an own one: the subscriptions of a user without any, or an endpoint of an API.
  private mutating func addition(using generator: inout SeededGenerator) -> Change? {
    let apis = documents.indices.filter { documents[$0].resource == .api }
    guard let api = apis.randomElement(using: &generator) else { return nil }
    let user = documents.firstIndex { $0.resource == .user && $0.below == 0 }
    if let user {
      documents[user].below = 1
      return .subscribe(documents[user].name, to: documents[api].name)
    }
    documents[api].below += 1
    return .addEndpoint(documents[api].below, to: documents[api].name, "made \(count)")
  }

  /// Takes note of an answer.
  mutating func note(_ answer: Request.Answer, to change: Change) {
    if answer == .acknowledged, let created { documents.append(created) }
    created = nil
    guard answer == .unknown else { return }
    // The change may still be made at any time, so the client does not use the document again.
    let name = Request.parent(of: change.name) ?? change.name
    documents.removeAll { $0.name == name }
  }
}
