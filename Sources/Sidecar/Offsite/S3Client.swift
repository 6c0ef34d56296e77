import Clocks
import Cryptography
import HTTPClient
import JSON
import Settings

/// The requests to S3 that copies need. libcurl signs them (Signature Version 4). Not for several threads at once.
final class S3Client {
  /// The most bytes that S3 takes in one PUT.
  static let maximumObject = 5 << 30

  private let configuration: OffsiteConfiguration
  private let http: HTTPClient
  private let provider: AWSCredentialProvider
  private let base: String

  init(_ configuration: OffsiteConfiguration, http: HTTPClient, clock: WallClock = .system) {
    self.configuration = configuration
    self.http = http
    provider = AWSCredentialProvider(configuration.credentials, http: http, clock: clock)
    if let endpoint = configuration.endpoint {
      base = "\(endpoint)/\(configuration.bucket)"
    } else if configuration.bucket.contains(".") {
      // The wildcard of the certificate does not cover a name with dots.
      base = "https://s3.\(configuration.region).amazonaws.com/\(configuration.bucket)"
    } else {
      base = "https://\(configuration.bucket).s3.\(configuration.region).amazonaws.com"
    }
  }

  /// Stores an object. S3 computes the checksum itself, and refuses an object with another one.
  ///
  /// - Parameters:
  ///   - sha256: the digest of the whole body, in hexadecimal.
  ///   - metadata: names and values, which `head` returns.
  func put(
    _ key: String, _ source: any HTTPBodySource, sha256: String, metadata: [(String, String)], _ deadline: Deadline
  ) throws(OffsiteError) {
    guard source.size <= Self.maximumObject else {
      throw OffsiteError(
        .tooLarge, "'\(key)' has \(source.size) bytes; S3 takes at most \(Self.maximumObject) in one piece")
    }
    let checksum = try Self.checksum(sha256)
    var headers = [("Content-Type", "application/octet-stream"), ("x-amz-checksum-sha256", checksum)]
    headers += metadata.map { ("x-amz-meta-\($0.0)", $0.1) }
    _ = try send("PUT", key, "", headers: headers, body: .file(source), contentHash: sha256, deadline: deadline)
    let stored = try head(key, deadline)
    guard stored.bytes == source.size, stored.checksum == nil || stored.checksum == checksum else {
      throw OffsiteError(.mismatch, "'\(key)' arrived in S3 other than it was sent")
    }
  }

  /// Stores a short text, unless there is an object of that name. Whether it was stored, only the object tells.
  ///
  /// A server that knows no such condition stores it anyway.
  func create(
    _ key: String, _ text: String, metadata: [(String, String)], _ deadline: Deadline
  ) throws(OffsiteError) {
    let source = TextSource(text)
    let hash = try source.sha256()
    let checksum = try Self.checksum(hash)
    var headers = [("Content-Type", "text/plain"), ("x-amz-checksum-sha256", checksum)]
    headers += metadata.map { ("x-amz-meta-\($0.0)", $0.1) }
    do throws(OffsiteError) {
      _ = try send(
        "PUT", key, "", headers: headers + [("If-None-Match", "*")], body: .file(source), contentHash: hash,
        isConditional: true, deadline: deadline)
    } catch {
      switch error.code {
      case .taken: return
      case .unsupported:
        if try exists(key, deadline) { return }
        _ = try send("PUT", key, "", headers: headers, body: .file(source), contentHash: hash, deadline: deadline)
      case .credentials, .refused, .notFound, .unreachable, .unreadable, .mismatch, .tooLarge, .otherHistory, .failed:
        throw error
      }
    }
  }

  private func exists(_ key: String, _ deadline: Deadline) throws(OffsiteError) -> Bool {
    do throws(OffsiteError) {
      _ = try head(key, deadline)
      return true
    } catch {
      // As in `has`.
      guard error.code == .notFound || error.code == .refused else { throw error }
      return false
    }
  }

  /// Whether the bucket has an object with this content already.
  func has(
    _ key: String, bytes: Int, sha256: String, _ deadline: Deadline
  ) throws(OffsiteError) -> Bool {
    let checksum = try Self.checksum(sha256)
    let stored: Head
    do throws(OffsiteError) {
      stored = try head(key, deadline)
    } catch {
      // S3 also refuses to tell of an object that is not there, where the role may not list the bucket.
      guard error.code == .notFound || error.code == .refused else { throw error }
      return false
    }
    return stored.bytes == bytes && stored.checksum == checksum
  }

  private static func checksum(_ sha256: String) throws(OffsiteError) -> String {
    guard let digest = Hexadecimal.decode(sha256.utf8) else {
      throw OffsiteError(.mismatch, "'\(sha256)' is no SHA-256")
    }
    return String(decoding: Base64.standard.encode(digest), as: UTF8.self)
  }

  /// The answer to a HEAD request.
  struct Head: Sendable {
    let bytes: Int
    /// Base64 of the SHA-256, or `nil` if the server does not tell it.
    let checksum: String?
    /// The metadata by names in lower case, without `x-amz-meta-`.
    let metadata: [UTF8Key: String]
  }

  /// Requests the size, checksum and metadata of an object.
  func head(_ key: String, _ deadline: Deadline) throws(OffsiteError) -> Head {
    let answer = try send("HEAD", key, "", headers: [("x-amz-checksum-mode", "ENABLED")], deadline: deadline)
    var metadata: [UTF8Key: String] = [:]
    for header in answer.headers where header.name.hasPrefix("x-amz-meta-") {
      metadata[UTF8Key(String(header.name.dropFirst("x-amz-meta-".count)))] = header.value
    }
    return Head(
      bytes: answer.header("content-length").flatMap { Int($0) } ?? -1,
      checksum: answer.header("x-amz-checksum-sha256"), metadata: metadata)
  }

  /// All objects below the prefix.
  func list(_ deadline: Deadline) throws(OffsiteError) -> [S3Object] {
    try list(below: configuration.prefix, deadline)
  }

  /// All objects whose keys begin with a text.
  func list(below prefix: String, _ deadline: Deadline) throws(OffsiteError) -> [S3Object] {
    var objects: [S3Object] = []
    var continuation: String?
    repeat {
      // The parameters are in alphabetical order, as the signature requires.
      let token = continuation.map { "continuation-token=\(PercentEncoding.query($0))&" } ?? ""
      let query = "\(token)list-type=2&prefix=\(PercentEncoding.query(prefix))"
      let answer = try send("GET", "", query, maximumAnswer: 16 << 20, deadline: deadline)
      let text = String(decoding: answer.body, as: UTF8.self)
      guard let listing = S3Listing(xml: text) else {
        throw OffsiteError(.failed, "s3://\(configuration.bucket) was listed with something that is no list of objects")
      }
      objects += listing.objects
      continuation = listing.continuation
    } while continuation != nil
    return objects
  }

  /// Fetches an object.
  func get(_ key: String, into sink: any HTTPBodySink, _ deadline: Deadline) throws(OffsiteError) {
    _ = try send("GET", key, "", sink: sink, maximumAnswer: 64 << 30, deadline: deadline)
  }

  /// Fetches the first bytes of an object that has at least as many.
  func get(_ key: String, first count: Int, _ deadline: Deadline) throws(OffsiteError) -> [UInt8] {
    // A server that does not know of ranges answers with all of the object.
    let answer = try send(
      "GET", key, "", headers: [("Range", "bytes=0-\(count - 1)")], maximumAnswer: 64 << 20, deadline: deadline)
    return Array(answer.body.prefix(count))
  }

  /// Deletes an object.
  func delete(_ key: String, _ deadline: Deadline) throws(OffsiteError) {
    _ = try send("DELETE", key, "", deadline: deadline)
  }

  private func send(
    _ method: String, _ key: String, _ query: String, headers: [(String, String)] = [],
    body: HTTPRequest.Body = .none, contentHash: String = S3Client.hashOfNothing, sink: (any HTTPBodySink)? = nil,
    maximumAnswer: Int = 1 << 20, isConditional: Bool = false, deadline: Deadline
  ) throws(OffsiteError) -> HTTPResponse {
    for isLast in [false, true] {
      let credentials = try provider.credentials(deadline)
      var request = HTTPRequest(method, url(key, query), body: body, maximumAnswer: maximumAnswer)
      request.headers = headers + [("x-amz-content-sha256", contentHash)]
      if let token = credentials.sessionToken { request.headers.append(("x-amz-security-token", token.reveal())) }
      request.signature = AWSSignature(
        region: configuration.region, service: "s3", accessKey: credentials.accessKey,
        secretKey: credentials.secretKey.reveal())
      let answer: HTTPResponse
      do throws(HTTPClientError) {
        answer = try http.send(request, deadline: deadline, sink: sink)
      } catch {
        throw OffsiteError(error.code == .unusable ? .failed : .unreachable, "\(error)")
      }
      if answer.isSuccess { return answer }
      // The credentials may be revoked, or expired early. The request is made once more with new ones.
      if answer.status == 403 || answer.status == 400, !isLast {
        provider.forget()
        continue
      }
      throw error(answer, method, key, isConditional: isConditional)
    }
    throw OffsiteError(.failed, "S3 could not be asked")
  }

  /// - Parameter isConditional: whether the request has a condition, which not every server knows.
  private func error(
    _ answer: HTTPResponse, _ method: String, _ key: String, isConditional: Bool
  ) -> OffsiteError {
    let text = String(decoding: answer.body.prefix(4096), as: UTF8.self)
    let words = [XMLText.elements("Code", in: text).first, XMLText.elements("Message", in: text).first]
    let detail = words.compactMap { $0 }.joined(separator: " ")
    let code: OffsiteError.Code =
      switch answer.status {
      case 401, 403: .refused
      case 404: .notFound
      case 412: .taken
      case 501: .unsupported
      // S3 also says 400 of a body that comes too slowly.
      case 400 where isConditional && words[0]?.hasSameBytes(as: "RequestTimeout") != true: .unsupported
      case 405 where isConditional: .unsupported
      default: .failed
      }
    let place = key.isEmpty ? "s3://\(configuration.bucket)" : "s3://\(configuration.bucket)/\(key)"
    return OffsiteError(code, "\(method) \(place) answered \(answer.status)\(detail.isEmpty ? "" : ": \(detail)")")
  }

  private func url(_ key: String, _ query: String) -> String {
    let path = key.isEmpty ? "/" : "/" + PercentEncoding.path(key)
    return base + path + (query.isEmpty ? "" : "?\(query)")
  }

  /// SHA-256 of no bytes.
  private static let hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}

/// A text as the body of a request.
private struct TextSource: HTTPBodySource {
  private let bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }

  var size: Int { bytes.count }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    let part = bytes.dropFirst(offset).prefix(buffer.count)
    buffer.copyBytes(from: part)
    return part.count
  }

  /// The digest in hexadecimal.
  func sha256() throws(OffsiteError) -> String {
    do throws(CryptographyError) {
      let hash = try SHA256Stream()
      try hash.update(bytes)
      return try hash.hexadecimal()
    } catch {
      throw OffsiteError(.failed, "a SHA-256 can't be made: \(error)")
    }
  }
}
