import FoundationEssentials
import JSON
import JWTKit

/// A key that signs or verifies tokens.
package struct TokenKey: Sendable {
  /// The algorithm of a signature.
  package enum Algorithm: String, Sendable {
    case hs256 = "HS256"
    case rs256 = "RS256"
  }

  enum Material: Sendable {
    case secret(String)
    case rsa(privateKey: Insecure.RSA.PrivateKey?, publicKey: Insecure.RSA.PublicKey?)
  }

  /// The name of the key (`kid`).
  package let id: String
  /// The only algorithm that the key is used with.
  package let algorithm: Algorithm
  /// Whether it may sign new tokens; others only verify.
  package let isActive: Bool
  let material: Material

  /// The name that tokens signed with `JWT_SECRET_KEY` carry.
  package static let secretKeyID = "legacy-key"

  /// The one key of `JWT_SECRET_KEY`.
  package init(secret: String) {
    id = Self.secretKeyID
    algorithm = .hs256
    isActive = true
    material = .secret(secret)
  }

  init(id: String, algorithm: Algorithm, isActive: Bool, material: Material) {
    self.id = id
    self.algorithm = algorithm
    self.isActive = isActive
    self.material = material
  }

  var canSign: Bool {
    switch material {
    case .secret: true
    case .rsa(let privateKey, _): privateKey != nil
    }
  }
}

extension TokenKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "\(algorithm.rawValue) key '\(id)' [redacted]" }
  package var debugDescription: String { description }
  /// A mirror that shows nothing.
  package var customMirror: Mirror { Mirror(self, children: []) }
}

extension TokenKey {
  /// Reads `JWT_KEYS`: a JSON list of `{"kid", "algorithm", "secret" | "private_key(_path)" + "public_key(_path)",
  /// "active"}`.
  ///
  /// - Parameters:
  ///   - text: the variable's value.
  ///   - minimumSecretLength: in characters; 32 in production.
  ///   - readFile: reads a key's file by its path.
  /// - Throws: `AuthenticationError` `invalidKeys` with a sentence that names the entry and the remedy, never a secret.
  package static func keys(
    of text: String, minimumSecretLength: Int = 1, readFile: (String) throws -> String
  ) throws(AuthenticationError) -> [TokenKey] {
    let list = try list(of: text)
    var keys: [TokenKey] = []
    for (index, entry) in list.enumerated() {
      let key = try key(entry, at: index, minimumSecretLength: minimumSecretLength, readFile: readFile)
      guard !keys.contains(where: { $0.id.hasSameBytes(as: key.id) }) else {
        throw AuthenticationError(.invalidKeys, "JWT_KEYS names the kid '\(key.id)' twice; give each key its own")
      }
      keys.append(key)
    }
    guard keys.contains(where: { $0.isActive && $0.canSign }) else {
      throw AuthenticationError(
        .invalidKeys,
        "JWT_KEYS has no active key that can sign; set \"active\": true on one with a secret or a private key")
    }
    return keys
  }

  private static func list(of text: String) throws(AuthenticationError) -> [JSONValue] {
    let expected =
      "JWT_KEYS must be a JSON list of keys, as [{\"kid\": \"k1\", \"algorithm\": \"HS256\", \"secret\": \"…\", \"active\": true}]"
    do {
      let value = try JSONParser(repeatedKeys: .refused).parse(text)
      if let list = value.array, !list.isEmpty { return list }
    } catch {
      throw AuthenticationError(.invalidKeys, "\(expected); \(error)")
    }
    throw AuthenticationError(.invalidKeys, expected)
  }

  private static func key(
    _ entry: JSONValue, at index: Int, minimumSecretLength: Int, readFile: (String) throws -> String
  ) throws(AuthenticationError) -> TokenKey {
    let place = "entry \(index + 1) of JWT_KEYS"
    guard let fields = entry.object, let id = fields["kid"]?.string, !id.isEmpty else {
      throw AuthenticationError(.invalidKeys, "\(place) has no kid")
    }
    // Doorman's defaults for what is not there.
    guard let algorithm = (fields["algorithm"] ?? "HS256").string.flatMap(Algorithm.init(rawValue:)) else {
      throw AuthenticationError(.invalidKeys, "\(place) has an unknown algorithm; use HS256 or RS256")
    }
    guard let isActive = (fields["active"] ?? true).bool else {
      throw AuthenticationError(.invalidKeys, "\(place) has an active that is neither true nor false")
    }
    switch algorithm {
    case .hs256:
      guard let secret = fields["secret"]?.string, secret.unicodeScalars.count >= minimumSecretLength else {
        throw AuthenticationError(.invalidKeys, "\(place) needs a secret of at least \(minimumSecretLength) characters")
      }
      return TokenKey(id: id, algorithm: algorithm, isActive: isActive, material: .secret(secret))
    case .rs256:
      let privateText = try text("private_key", of: fields, at: place, readFile: readFile)
      let publicText = try text("public_key", of: fields, at: place, readFile: readFile)
      guard privateText != nil || publicText != nil else {
        throw AuthenticationError(.invalidKeys, "\(place) needs private_key(_path), public_key(_path) or both")
      }
      do {
        let privateKey = try privateText.map { try Insecure.RSA.PrivateKey(pem: $0) }
        let publicKey = try publicText.map { try Insecure.RSA.PublicKey(pem: $0) }
        return TokenKey(
          id: id, algorithm: algorithm, isActive: isActive,
          material: .rsa(privateKey: privateKey, publicKey: publicKey))
      } catch {
        throw AuthenticationError(
          .invalidKeys, "\(place) holds a key that is no PEM of an RSA key of at least 2048 bits")
      }
    }
  }

  private static func text(
    _ field: String, of fields: JSONObject, at place: String, readFile: (String) throws -> String
  ) throws(AuthenticationError) -> String? {
    if let value = fields[field], !value.isNull {
      guard let text = value.string else {
        throw AuthenticationError(.invalidKeys, "\(place) has a \(field) that is no string")
      }
      return text
    }
    guard let value = fields["\(field)_path"], !value.isNull else { return nil }
    guard let path = value.string else {
      throw AuthenticationError(.invalidKeys, "\(place) has a \(field)_path that is no string")
    }
    do {
      return try readFile(path)
    } catch {
      throw AuthenticationError(.invalidKeys, "\(place): the file of \(field)_path, '\(path)', can't be read: \(error)")
    }
  }
}
