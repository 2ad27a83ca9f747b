export const stalls = { name: 'stalls', usual: [], all: [], run: async () => '' };
