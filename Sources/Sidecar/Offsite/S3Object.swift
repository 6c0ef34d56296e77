import Clocks
import JSON

/// An object of a listing. Keys are compared by their bytes.
struct S3Object: Sendable, Hashable {
  let key: String
  let bytes: Int
  /// When it was stored, in Unix seconds; `nil` when the server does not tell. It is not compared.
  var modifiedAt: Int?

  /// The part of the key behind the last `/`.
  var name: String { key.parts(betweenBytes: UInt8(ascii: "/")).last ?? key }

  static func == (left: S3Object, right: S3Object) -> Bool {
    left.bytes == right.bytes && left.key.hasSameBytes(as: right.key)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(UTF8Key(key))
    hasher.combine(bytes)
  }
}

/// The answer to `ListObjectsV2`.
struct S3Listing: Sendable, Equatable {
  let objects: [S3Object]
  /// The token of the next page, or `nil` at the end.
  let continuation: String?

  /// Reads an answer.
  ///
  /// - Returns: `nil` for any other or incomplete answer, as a list that lacks copies would count as complete.
  init?(xml: String) {
    let bytes = Array(xml.utf8)
    guard bytes.firstRange(of: "<ListBucketResult".utf8) != nil, bytes.firstRange(of: "</ListBucketResult>".utf8) != nil
    else { return nil }
    var objects: [S3Object] = []
    for element in XMLText.elements("Contents", in: xml) {
      guard let key = XMLText.elements("Key", in: element).first,
        let size = XMLText.elements("Size", in: element).first, let bytes = Int(size)
      else { return nil }
      let modified = XMLText.elements("LastModified", in: element).first.flatMap(CivilTime.unixSeconds)
      objects.append(S3Object(key: XMLText.unescaped(key), bytes: bytes, modifiedAt: modified))
    }
    self.objects = objects
    guard XMLText.elements("IsTruncated", in: xml).first == "true" else {
      continuation = nil
      return
    }
    guard let token = XMLText.elements("NextContinuationToken", in: xml).first else { return nil }
    continuation = XMLText.unescaped(token)
  }
}

/// The part of XML that S3's answers need: elements without attributes, none inside one of the same name.
enum XMLText {
  /// The contents of each element of a name.
  static func elements(_ name: String, in text: some StringProtocol) -> [String] {
    let (open, close) = (Array("<\(name)>".utf8), Array("</\(name)>".utf8))
    let bytes = Array(text.utf8)
    var found: [String] = []
    var rest = bytes[...]
    while let start = rest.firstRange(of: open) {
      rest = rest[start.upperBound...]
      guard let end = rest.firstRange(of: close) else { break }
      found.append(String(decoding: rest[..<end.lowerBound], as: UTF8.self))
      rest = rest[end.upperBound...]
    }
    return found
  }

  /// Text with its entities replaced.
  static func unescaped(_ text: String) -> String {
    let words = ["&lt;": "<", "&gt;": ">", "&quot;": "\"", "&apos;": "'", "&#39;": "'", "&#34;": "\""]
    var result = text
    for (word, character) in words { result = result.replacing(word, with: character) }
    // Last, so that `&amp;lt;` becomes `&lt;` and no more.
    return result.replacing("&amp;", with: "&")
  }
}
