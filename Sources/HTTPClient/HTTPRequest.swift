/// One request to a server.
package struct HTTPRequest: Sendable {
  /// The body of a request.
  package enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// A file that is sent as it is read.
    case file(any HTTPBodySource)
  }

  /// The method.
  package var method: String
  /// The URL.
  package var url: String
  /// The header fields.
  package var headers: [(name: String, value: String)]
  /// The body.
  package var body: Body
  /// Signs the request for an AWS service (Signature Version 4).
  package var signature: AWSSignature?
  /// How many bytes an answer may have.
  package var maximumAnswer: Int
  /// Whether the certificate of the server must be valid.
  package var verifiesCertificate = true

  /// A request.
  package init(
    _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: Body = .none,
    signature: AWSSignature? = nil, maximumAnswer: Int = 4 << 20
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.signature = signature
    self.maximumAnswer = maximumAnswer
  }
}

/// A request's body that is too large to hold.
package protocol HTTPBodySource: Sendable {
  /// Bytes.
  var size: Int { get }

  /// Reads up to `buffer.count` bytes.
  ///
  /// - Returns: how many were read; `nil` when the source is broken.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int?
}

/// Where an answer's body goes that is too large to hold.
package protocol HTTPBodySink: AnyObject {
  /// - Returns: whether the bytes were taken; if not, the transfer ends.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool
}

/// With what libcurl signs a request by itself. It shows itself nowhere.
package struct AWSSignature: Sendable, CustomStringConvertible, CustomReflectable {
  let region: String
  let service: String
  let accessKey: String
  let secretKey: String

  /// Keys of AWS for one service of one region.
  package init(region: String, service: String, accessKey: String, secretKey: String) {
    self.region = region
    self.service = service
    self.accessKey = accessKey
    self.secretKey = secretKey
  }

  package var description: String { "[redacted]" }
  /// A mirror that shows nothing.
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The answer to a request.
package struct HTTPResponse: Sendable {
  /// The status.
  package let status: Int
  /// Names in lower case, in the order of the answer.
  package let headers: [(name: String, value: String)]
  /// The bytes of the body.
  package let body: [UInt8]

  /// The value of the first header field of a name in lower case, or `nil`.
  package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  /// Whether the status is 200 to 299.
  package var isSuccess: Bool { (200..<300).contains(status) }
}
