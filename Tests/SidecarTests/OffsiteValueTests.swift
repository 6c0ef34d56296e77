import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import HTTPClient
import Settings
import TestSupport
import Testing

@testable import Sidecar

@Suite("Copies in S3, the values")
struct OffsiteValueTests {
  @Test("a listing is read with its escapes and its next page")
  func listing() throws {
    let found = S3Listing(
      xml: """
        <?xml version="1.0"?><ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>p/a&amp;lt;b.bin</Key>\
        <LastModified>x</LastModified><Size>12</Size></Contents>\
        <NextContinuationToken>a/b=</NextContinuationToken></ListBucketResult>
        """)
    let listing = try #require(found)
    #expect(listing.objects == [S3Object(key: "p/a&lt;b.bin", bytes: 12)])
    #expect(listing.objects[0].name == "a&lt;b.bin")
    #expect(listing.continuation == "a/b=")
  }

  @Test("a listing that is none, or not whole, is not taken for one without objects")
  func brokenListings() throws {
    let list = { (inside: String) in S3Listing(xml: "<ListBucketResult xmlns=\"x\">\(inside)</ListBucketResult>") }
    #expect(try #require(list("")).objects == [])
    let last = try #require(list("<IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>"))
    #expect(last.continuation == nil)
    for broken in ["", "<html>It works!</html>", "<ListBucketResult><Contents><Key>"] {
      #expect(S3Listing(xml: broken) == nil)
    }
    for broken in ["<IsTruncated>true</IsTruncated>", "<Contents><Size>x</Size><Key>bad</Key></Contents>"] {
      #expect(list(broken) == nil)
    }
  }

  @Test("keys and checksums are spelled as S3 wants them")
  func spelling() {
    #expect(PercentEncoding.path("a b/ü+~.bin") == "a%20b/%C3%BC%2B~.bin")
    #expect(PercentEncoding.query("a/b=") == "a%2Fb%3D")
  }

  @Test("metadata carry a dump's header and counts, and give the header back")
  func metadata() {
    let order = DumpOrder(epoch: 3, sequence: 17)
    let header = DumpHeader(createdAt: "2026-11-23T20:11:37.454068Z", order: order)
    let good = Verification.Good(
      header: header, documents: 5, sha256: "ab", collections: [.init(name: "users", documents: 5)])
    let metadata = Dictionary(OffsiteShelf.Copy.metadata(of: good)) { $1 }
    #expect(
      metadata == [
        "gatehouse-format": "DMP1", "gatehouse-created-at": "2026-11-23T20:11:37.454068Z",
        "gatehouse-documents": "5",
        "gatehouse-sha256": "ab", "gatehouse-epoch": "3", "gatehouse-sequence": "17",
      ])
    let object = S3Object(key: "p/d-20261123T201137Z.bin", bytes: 9)
    let copy = OffsiteShelf.Copy(object, metadata)
    #expect(copy.entry.header == header && copy.documents == 5)
    // Versions that had no format wrote these.
    let older = OffsiteShelf.Copy(object, metadata.filter { $0.key != "gatehouse-format" })
    #expect(older.entry.header == header)
    #expect(OffsiteShelf.Copy(object, [:]).entry.header == nil)
    #expect(
      OffsiteShelf.Copy.metadata(
        of: .init(header: DumpHeader(createdAt: "t"), documents: 0, sha256: "", collections: [])
      ).count == 4)
  }

  @Test("credentials are asked for once, and again before they expire or when they are not taken")
  func credentials() throws {
    let server = try LoopbackServer { request in
      request.headers["authorization"] == "token-of-the-task"
        ? .json(#"{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"1970-01-01T01:00:00Z"}"#)
        : .status(403)
    }
    let http = try HTTPClient(.init(userAgent: "test"))
    let deadline = Deadline(in: .seconds(30))
    let provider = { (now: Int, token: String) in
      AWSCredentialProvider(
        .endpoint(url: "\(server.url)/creds", token: Secret(token)), http: http,
        clock: WallClock { .init(seconds: now, microseconds: 0) })
    }
    let early = provider(0, "token-of-the-task")
    #expect(try early.credentials(deadline).secretKey.reveal() == "S")
    #expect(try early.credentials(deadline).sessionToken?.reveal() == "T")
    #expect(server.requests.count == 1)
    early.forget()
    _ = try early.credentials(deadline)
    #expect(server.requests.count == 2)
    let late = provider(3400, "token-of-the-task")
    _ = try late.credentials(deadline)
    _ = try late.credentials(deadline)
    #expect(server.requests.count == 4)
    #expect(throws: OffsiteError.self) { try provider(0, "wrong").credentials(deadline) }
  }
}
