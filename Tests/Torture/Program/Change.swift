import TortureModel

/// A document that clients change.
enum Resource: String, CaseIterable {
  case group
  case role
  case api
  case user

  /// The version of all APIs.
  static let version = "v1"

  /// The field with the name of a document.
  var nameField: String { self == .user ? "username" : "\(rawValue)_name" }

  /// The field with its value. Of a user any text can be the role.
  var valueField: String { self == .user ? "role" : "\(rawValue)_description" }

  /// The path of a document.
  func path(_ name: String) -> String { "/platform/\(rawValue)/\(name)\(self == .api ? "/\(Self.version)" : "")" }

  /// A name that only this resource has.
  func name(_ text: String) -> String { self == .group ? text : "\(rawValue)-\(text)" }

  /// Whether a document is one of clients, and not one that each start creates.
  func isOfClients(_ name: String) -> Bool {
    self == .group ? name != "admin" && name != "ALL" : name.hasPrefix("\(rawValue)-")
  }
}

/// A request of a client, as the judge knows it and as the gateway gets it.
struct Change {
  let kind: Request.Kind
  let name: String
  let method: String
  let path: String
  let body: String

  private init(_ kind: Request.Kind, _ name: String, _ method: String, _ path: String, _ body: String = "") {
    self.kind = kind
    self.name = name
    self.method = method
    self.path = path
    self.body = body
  }

  static let dump = Change(.dump, "", "POST", "/platform/memory/dump")
  static let restore = Change(.restore, "", "POST", "/platform/memory/restore")
  static let probe = Change(.probe, "", "GET", "/platform/monitor/liveness")

  static func create(_ resource: Resource, _ name: String, _ value: String) -> Change {
    let own = #""\#(resource.nameField)":"\#(name)","\#(resource.valueField)":"\#(value)""#
    let others =
      switch resource {
      case .group, .role: ""
      case .api:
        #","api_version":"\#(Resource.version)","api_type":"REST","api_servers":["http://127.0.0.1:9"]"#
          + #","api_allowed_groups":["ALL"]"#
      case .user: #","email":"\#(name)@example.com","password":"Example-Passw0rd!x","groups":["ALL"]"#
      }
    return Change(.create(value: value), name, "POST", "/platform/\(resource.rawValue)", "{\(own)\(others)}")
  }

  static func update(_ resource: Resource, _ name: String, _ value: String) -> Change {
    Change(.update(value: value), name, "PUT", resource.path(name), #"{"\#(resource.valueField)":"\#(value)"}"#)
  }

  /// Deletes a document: an API with its endpoints, and a user with its subscriptions.
  static func delete(_ resource: Resource, _ name: String) -> Change {
    Change(.delete, name, "DELETE", resource.path(name))
  }

  /// Creates an endpoint of an API.
  static func addEndpoint(_ number: Int, to api: String, _ value: String) -> Change {
    let uri = "/e\(number)"
    let names = #""api_name":"\#(api)","api_version":"\#(Resource.version)","endpoint_method":"GET""#
    return Change(
      .create(value: value), api + uri, "POST", "/platform/endpoint",
      #"{\#(names),"endpoint_uri":"\#(uri)","endpoint_description":"\#(value)"}"#)
  }

  /// Creates the subscriptions of a user, with one API.
  static func subscribe(_ user: String, to api: String) -> Change {
    Change(
      .create(value: "\(api)/\(Resource.version)"), user + StateReader.subscriptions, "POST",
      "/platform/subscription/subscribe",
      #"{"username":"\#(user)","api_name":"\#(api)","api_version":"\#(Resource.version)"}"#)
  }
}
