export type GrpcLibrary = typeof import("@grpc/grpc-js");

/** grpc-js when it is first needed: loading it takes some 70 ms and 18 MB, which a collector without gRPC is spared. */
export async function loadGrpc(): Promise<GrpcLibrary> {
  return (await import("@grpc/grpc-js")).default;
}
